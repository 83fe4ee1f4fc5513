"""What need not run again, on real programs: results are never older than what they come from."""

from collections.abc import Iterator

import pytest

from sqlml.session import Session, connect

TRAIN = (
    "SELECT * FROM flowers TO TRAIN xgboost.gbtree"
    " WITH objective = 'binary:logistic' LABEL kind INTO m;"
)
PREDICT = "SELECT * FROM fresh TO PREDICT answers.kind USING m;"


@pytest.fixture
def session() -> Iterator[Session]:
    with connect(":memory:") as session:
        session.run(
            "CREATE TABLE flowers AS SELECT i AS x, if(i % 3 = 0, 'a', 'b') AS kind"
            " FROM range(300) AS r(i);"
            "CREATE TABLE fresh AS SELECT i AS x FROM range(10) AS r(i)"
        )
        yield session


def kinds(session: Session) -> set[str]:
    return set(session.database.table("SELECT kind FROM answers").column(0).to_pylist())


def statuses(session: Session) -> dict[str, str]:
    run = session.store.runs.latest()
    assert run is not None
    return {step.name: step.outcome for step in session.store.runs.steps(run.id)}


def test_an_unchanged_program_does_no_work(session: Session) -> None:
    session.run(TRAIN + PREDICT)
    session.run(TRAIN + PREDICT)
    assert statuses(session) == {"train": "reused", "predict": "reused"}


def test_a_model_trained_again_to_the_same_effect_does_not_make_others_run(
    session: Session,
) -> None:
    session.run(TRAIN + PREDICT)
    session.run(TRAIN.replace("INTO m", "INTO other"))
    session.database.execute("CREATE OR REPLACE TABLE flowers AS SELECT *, 1 AS y FROM flowers")
    session.run(TRAIN.replace("*", "x, kind") + PREDICT)
    assert statuses(session) == {"train": "succeeded", "predict": "reused"}


def test_a_damaged_model_is_trained_again(session: Session) -> None:
    session.run(TRAIN)
    kept = session.store.models.find("m")
    assert kept is not None
    for damage in (lambda file: file.write_bytes(b"nothing"), lambda file: file.unlink()):
        damage(kept.folder / min(kept.manifest["files"]))
        session.run(TRAIN)
        assert statuses(session) == {"train": "succeeded"}
        kept = session.store.models.find("m")
        assert kept is not None
    session.run(TRAIN + PREDICT)
    assert statuses(session) == {"train": "reused", "predict": "succeeded"}
    assert kept.number == 3


def test_predictions_follow_classes_that_got_other_names(session: Session) -> None:
    session.run(TRAIN + PREDICT)
    session.database.execute("UPDATE flowers SET kind = 'new ' || kind")
    session.run(TRAIN + PREDICT)
    assert statuses(session) == {"train": "succeeded", "predict": "succeeded"}
    assert kinds(session) <= {"new a", "new b"}


def test_a_query_runs_again_when_a_macro_that_it_may_call_changes(session: Session) -> None:
    query = "CREATE OR REPLACE TABLE more AS SELECT f(x) AS y FROM fresh"
    session.run("CREATE MACRO f(x) AS x + 1")
    session.run(query)
    session.run(query)
    assert statuses(session) == {"query": "reused"}
    session.run("CREATE OR REPLACE MACRO f(x) AS x + 100")
    session.run(query)
    assert statuses(session) == {"query": "succeeded"}
    assert session.database.table("SELECT min(y) FROM more").column(0).to_pylist() == [100]


def test_plots_stay_in_the_store_whatever_the_model_is_called(session: Session) -> None:
    name = '"../../../m"'
    session.run(TRAIN.replace("INTO m", f"INTO {name}"))
    session.run(f"SELECT * FROM fresh TO EXPLAIN {name}")
    (plot,) = session.store.files.rglob("*.png")
    assert plot.parent.parent == session.store.files

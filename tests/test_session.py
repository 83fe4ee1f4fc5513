"""sqlml from Python."""

from pathlib import Path

import pyarrow as pa
import pytest

import sqlml
from sqlml.errors import ProgramError, StepError
from sqlml.runtime.events import Event, RunFinished, RunStarted
from sqlml.session import Session
from sqlml.source import Source

IRIS = Path("examples/data/iris.csv").resolve()
TRAIN = (
    f"CREATE OR REPLACE TABLE iris AS SELECT * FROM '{IRIS}';"
    "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH max_depth = 2, train.num_boost_round = 5"
    " LABEL species INTO m;"
)


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "x.duckdb"


def test_run_gives_the_results_of_a_program(db: Path) -> None:
    results = sqlml.run("SELECT 1 AS a; CREATE TABLE t AS SELECT 2 AS b; FROM t", db=db)
    assert [result.to_arrow().to_pydict() for result in results] == [{"a": [1]}, {"b": [2]}]
    assert results.to_pandas()["b"].tolist() == [2]
    assert results.to_polars()["b"].to_list() == [2]
    assert [result.step for result in results] == ["query", "query-3"]
    assert results.run


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(db: Path) -> None:
    program = "\ufeffSELECT 1 AS a;\r\n-- a comment\r\n\r\nSELECT 'x\r\ny' AS größe\r\n"
    results = sqlml.run(program, db=db)
    found = [result.to_arrow().to_pydict() for result in results]
    assert found == [{"a": [1]}, {"größe": ["x\r\ny"]}]
    with pytest.raises(ProgramError) as caught:
        sqlml.run(program.replace("'x", "weite, 'x"), db=db)
    assert " --> <program>:4:8\n" in str(caught.value)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_program_in_parts_gives_what_it_gives_in_one_piece(db: Path, steps: int) -> None:
    program = (
        "CREATE TABLE t AS SELECT range AS a FROM range(9); SELECT sum(a) AS s FROM t;"
        "CREATE TEMP TABLE u AS SELECT a FROM t WHERE a > 3; SELECT count(*) AS n FROM u;"
        "CREATE TABLE v AS SELECT a + s AS b FROM u, (SELECT max(a) AS s FROM t);"
        "SELECT max(b) AS m FROM v; SELECT 1 AS one;"
    )
    seen: list[Event] = []
    passes = f"split{{steps={steps}}}"
    with Session.open(db=str(db), passes=passes) as session:
        results = session.run(program, listeners=[seen.append])
        assert [result.to_arrow().to_pydict() for result in results] == [
            {"s": [36]}, {"n": [5]}, {"m": [16]}, {"one": [1]},
        ]  # fmt: skip
        assert [result.step for result in results] == ["query-2", "query-4", "query-6", "query-7"]
        (begun,) = (event for event in seen if isinstance(event, RunStarted))
        assert {name.partition(".")[2] for name in begun.steps} == {
            "query", *(f"query-{n}" for n in range(2, 8)),
        }  # fmt: skip
        with pytest.raises(StepError) as raised:
            session.run("CREATE TABLE w AS SELECT 1 AS a; SELECT 2 AS b; SELECT CAST('x' AS INT)")
    (fault,) = raised.value.diagnostics
    assert fault.span is not None
    assert fault.span.place == "<program>:1:49"


def test_variables_are_filled_in(db: Path) -> None:
    results = sqlml.run("SELECT ${n} AS n", db=db, variables={"n": "7"})
    assert results.to_arrow()["n"].to_pylist() == [7]


def test_without_a_database_the_settings_say_which(db: Path) -> None:
    sqlml.run("CREATE TABLE t AS SELECT 1 AS a")
    assert Path("sqlml.duckdb").is_file()
    Path("sqlml.toml").write_text('db = "other.duckdb"')
    sqlml.run("CREATE TABLE t AS SELECT 1 AS a")
    assert Path("other.duckdb").is_file()


def test_a_model_is_trained_applied_and_measured(db: Path) -> None:
    results = sqlml.run(
        TRAIN + "SELECT * FROM iris TO PREDICT USING m;"
        "SELECT * FROM iris TO EVALUATE m WITH validation.metrics = 'accuracy';",
        db=db,
    )
    predicted, measured = results
    assert predicted.to_arrow().num_rows == 150
    assert measured.to_arrow()["accuracy"][0].as_py() > 0.9
    assert results.metrics["train"]["train_accuracy"] > 0.9


def test_a_wrong_program_raises_with_its_place_and_runs_nothing(db: Path) -> None:
    with Session.open(db=db) as session:
        with pytest.raises(ProgramError) as caught:
            session.run("CREATE TABLE t AS SELECT 1 AS a;\nSELECT b FROM t", name="p.sql")
        assert caught.value.diagnostics[0].span is not None
        assert caught.value.diagnostics[0].span.place == "p.sql:2:8"
        assert "--> p.sql:2:8" in str(caught.value)
        assert session.store.runs.names() == ()


def test_a_failed_step_raises_when_the_others_are_done(db: Path) -> None:
    with Session.open(db=db) as session:
        with pytest.raises(StepError, match="E0"):
            session.run("SELECT 'x'::INTEGER AS a FROM range(3); CREATE TABLE t AS SELECT 1 AS a")
        assert session.run("FROM t").to_arrow()["a"].to_pylist() == [1]


def test_errors_are_one_family() -> None:
    assert issubclass(ProgramError, sqlml.SqlmlError)
    assert issubclass(StepError, sqlml.SqlmlError)


def test_several_runs_share_a_session(db: Path) -> None:
    with Session.open(db=db, threads=1) as session:
        session.run(TRAIN)
        first = session.run("SELECT * FROM iris TO PREDICT USING m")
        again = session.run("SELECT * FROM iris TO PREDICT USING m")
        assert first.to_arrow().equals(again.to_arrow())
        assert first.run != again.run
        assert session.store.runs.names()[-2:] == (first.run, again.run)


def test_a_session_can_be_in_memory(db: Path) -> None:
    with Session.open(db=":memory:") as session:
        session.run(TRAIN)
        answers = session.run("SELECT * FROM iris TO PREDICT USING m").to_arrow()
        assert answers.num_rows == 150
        folder = session.store.folder
        assert folder.is_dir()
    assert not folder.exists()
    assert list(db.parent.iterdir()) == []


def test_results_outlive_their_session(db: Path) -> None:
    results = sqlml.run(TRAIN + "SELECT * FROM iris TO PREDICT USING m", db=":memory:")
    assert results.to_arrow()["species"].to_pylist().count("setosa") == 50


def test_what_ran_can_be_asked_in_sql(db: Path) -> None:
    with Session.open(db=db) as session:
        run = session.run(TRAIN).run
        assert session.run("SELECT name, version FROM sqlml_models").to_arrow().to_pylist() == [
            {"name": "m", "version": 1}
        ]
        steps = session.run(f"SELECT step, outcome FROM sqlml_steps WHERE run = '{run}'")
        assert steps.to_arrow().to_pylist() == [
            {"step": "query", "outcome": "succeeded"},
            {"step": "train", "outcome": "succeeded"},
        ]
        assert (
            "succeeded" in session.run("SELECT * FROM sqlml_runs").to_arrow()["outcome"].to_pylist()
        )
        session.run("CREATE TABLE wanted AS SELECT 'train_accuracy' AS name, 0.5 AS least")
        joined = session.run(
            "SELECT m.value > w.least AS good FROM sqlml_metrics m JOIN wanted w USING (name)"
        )
        assert joined.to_arrow().to_pylist() == [{"good": True}]


def test_listeners_hear_of_everything(db: Path) -> None:
    heard: list[Event] = []
    with Session.open(db=db) as session:
        session.run("SELECT 1 AS a", listeners=[heard.append])
    assert [event.kind for event in heard] == [
        "run_started", "step_started", "step_finished", "run_finished"
    ]  # fmt: skip
    assert isinstance(heard[-1], RunFinished)


def test_plan_tells_what_would_run_and_runs_nothing(db: Path) -> None:
    told = sqlml.plan(TRAIN, db=db)
    assert [(change.effect, change.kind, change.name) for change in told.changes] == [
        ("created", "table", "iris"),
        ("created", "model", "m"),
    ]
    assert [step.why for step in told.steps] == ["not run before", "not run before"]
    with Session.open(db=db) as session:
        assert session.store.runs.names() == ()


def test_render_gives_the_workflow_and_explain_every_stage(db: Path) -> None:
    from sqlml.workflow.text import parse_workflow

    text = sqlml.render(TRAIN, db=db)
    assert [node.name for node in parse_workflow(Source("w", text)).nodes] == ["query", "train"]
    assert "Fit xgboost.gbtree" in sqlml.explain(TRAIN, db=db)


def test_resume_from_python_skips_what_was_done(db: Path) -> None:
    with Session.open(db=db) as session:
        session.run("CREATE TABLE log (a INTEGER)")
        with pytest.raises(StepError):
            session.run("INSERT INTO log VALUES (1); SELECT a / 0, 'x'::INTEGER FROM log")
        (_, run) = session.store.runs.names()
        session.run("INSERT INTO log VALUES (1); SELECT a FROM log", resume=run)
        assert session.run("SELECT count(*) AS n FROM log").to_arrow()["n"].to_pylist() == [1]


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = sqlml.nothing
    assert all(hasattr(sqlml, name) for name in sqlml.__all__)


def test_the_results_of_large_predictions_are_not_copied_into_memory(db: Path) -> None:
    with Session.open(db=db) as session:
        session.run(TRAIN)
        before = pa.total_allocated_bytes()
        answers = session.run("SELECT iris.* FROM iris, range(2000) TO PREDICT USING m").to_arrow()
        assert answers.num_rows == 300_000
        assert pa.total_allocated_bytes() - before < 2**20

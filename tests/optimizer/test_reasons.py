"""`sqlml plan` says of every step why it would run, or that it would not, and names what is new."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlml.optimizer.reasons import made_of, why_new
from sqlml.session import Session, connect
from sqlml.source import Source
from sqlml.store.doings import Doing
from tests.optimizer.test_versions import pretend

PROGRAM = """
CREATE OR REPLACE TABLE rows AS SELECT i AS x, i % 7 AS y FROM range(60) AS r(i);
SELECT x, y FROM rows TO TRAIN sklearn.tree.DecisionTreeRegressor
WITH model.max_depth = 3 LABEL y INTO m;
SELECT x FROM rows TO PREDICT p.y USING m;
SELECT x, y FROM rows TO EVALUATE m LABEL y;
CREATE OR REPLACE TABLE read AS SELECT count(*) AS n FROM '{file}';
CREATE OR REPLACE TABLE counted AS SELECT count(*) AS n FROM outside;
"""
OUTSIDE = "CREATE OR REPLACE TABLE outside AS SELECT 1 AS n"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("reasons") / "x.csv"
    file.write_text("a\n1\n")
    return PROGRAM.format(file=file)


@pytest.fixture(scope="module")
def session(program: str) -> Iterator[Session]:
    with connect(":memory:") as session:
        session.run(OUTSIDE)
        session.run(program)
        yield session


def reasons(session: Session, text: str) -> dict[str, str]:
    """Why steps would run, by their names."""
    told = session.forecast(session.compile([Source("p", text)]))
    return {step.node.name: step.why for step in told.steps if step.runs}


EDITS = {
    "nothing": ("", "", {}),
    "a comment": ("TO TRAIN", "-- deeper?\nTO TRAIN", {}),
    "layout": ("SELECT x FROM", "SELECT   x\n FROM", {}),
    "an attribute": (
        "model.max_depth = 3",
        "model.max_depth = 4",
        {"train": "`max_depth` is 4, was 3", "predict": "m changes", "evaluate": "m changes"},
    ),
    "one more attribute": (
        "model.max_depth = 3",
        "model.max_depth = 3, model.min_samples_leaf = 2",
        {
            "train": "`min_samples_leaf` is 2, which is new",
            "predict": "m changes",
            "evaluate": "m changes",
        },
    ),
    "a query": (
        "count(*) AS n FROM outside",
        "count(*) + 1 AS n FROM outside",
        {"query-3": "the statement changed"},
    ),
    "what is first": (
        "range(60)",
        "range(61)",
        {
            "query": "the statement changed",
            "train": "rows changes",
            "predict": "m changes",
            "evaluate": "m changes",
        },
    ),
    "chance": (
        "count(*) AS n FROM outside",
        "random() AS n FROM outside",
        {"query-3": "runs every time: its query may give other rows each time"},
    ),
    "an INSERT": (
        "CREATE OR REPLACE TABLE counted AS",
        "INSERT INTO outside",
        {"query-3": "runs every time: it changes what is there"},
    ),
    "another name": (" counted ", " other ", {"query-3": "not run before"}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_the_plan_says_what_an_edit_comes_to(session: Session, program: str, edit: str) -> None:
    old, new, told = EDITS[edit]
    assert reasons(session, program.replace(old, new, 1) if old else program) == told


def test_the_plan_says_what_has_changed_around_a_program(
    session: Session, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change is told, and then taken back or run."""
    file = Path(program.partition("FROM '")[2].partition("'")[0])
    session.database.execute("INSERT INTO outside VALUES (2)")
    file.write_text("a\n1\n2\n")
    assert reasons(session, program) == {
        "query-2": f"file `{file}` changed",
        "query-3": "`outside` changed",
    }
    session.database.execute(OUTSIDE)
    file.write_text("a\n1\n")
    with monkeypatch.context() as patch:
        pretend(patch, "scikit-learn", "99.0")
        told = reasons(session, program)["train"]
    assert told.startswith("sklearn was 1.")
    assert told.endswith(", is 99.0")
    pretend(monkeypatch, "", "")

    session.database.execute("UPDATE p SET y = -1")
    session.database.execute("DROP TABLE counted")
    told_of = reasons(session, program)
    assert told_of["predict"] == "table `p` was changed since"
    assert told_of["query-3"] == "table `counted` is no longer there"
    session.run(program)

    assert session.store.artifacts.remove([one.key for one in session.store.artifacts.all()])
    assert reasons(session, program) == {"evaluate": "what it gave is not kept any more"}
    session.store.models.drop("m")
    assert reasons(session, program)["train"] == "model `m@1` is no longer stored"
    session.run(program)


def test_another_default_is_told_as_one(session: Session, program: str) -> None:
    """The statement is what it was, and means something else."""
    compiled = session.compile([Source("p", program)])
    train = next(node for node in compiled.workflow.nodes if node.name == "train")
    before = {**made_of(train, {}), "attribute seed": "1", "attribute max_depth": "3"}
    session.store.doings.note(Doing("before", "train", "m", "train", before, {}))
    text = program.replace("model.max_depth = 3", "model.max_depth = 3  ")
    now = session.compile([Source("p", text)]).workflow.nodes[1]
    assert why_new(now, {}, session.store.doings) == "by default, `seed` is no longer given"

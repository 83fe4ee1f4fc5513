"""Programs that alter and drop models, fail, and are gone on from end as if nothing had failed."""

import re
from pathlib import Path
from typing import Any

import pytest

from sqlml.errors import SqlmlError
from sqlml.session import Session

GATE = "SELECT CASE WHEN (SELECT ok FROM gate) THEN 1 ELSE error('not yet') END AS x;"
TRAIN = (
    "SELECT i AS a, i * {}.0 AS y FROM range(40) r(i)"
    " TO TRAIN sklearn.tree.DecisionTreeRegressor LABEL y INTO {};"
)
PREDICT = "SELECT a FROM range(3) r(a) TO PREDICT {} USING {};"
M, K = TRAIN.format(2, "m"), TRAIN.format(3, "k")

# What is there before the program, and the program.
PROGRAMS = {
    "a model of its own gets another name": (
        "",
        M + "ALTER MODEL m RENAME TO n;" + GATE + PREDICT.format("said", "n"),
    ),
    "an earlier model is used, then gets another name": (
        M,
        PREDICT.format("before", "m")
        + "ALTER MODEL m RENAME TO n;"
        + GATE
        + PREDICT.format("said", "n"),
    ),
    "a name becomes free and is taken again": (
        M,
        "ALTER MODEL m RENAME TO n;" + TRAIN.format(5, "m") + GATE + PREDICT.format("said", "n"),
    ),
    "an earlier model is used, renamed and dropped": (
        M + K,
        PREDICT.format("before", "m")
        + "ALTER MODEL m RENAME TO n; DROP MODEL n;"
        + GATE
        + PREDICT.format("said", "k"),
    ),
    "a model of its own is dropped": (
        "",
        M + PREDICT.format("said", "m") + "DROP MODEL m;" + GATE,
    ),
    "a version is dropped, and an alias": (
        M + TRAIN.format(3, "m") + "ALTER MODEL m SET ALIAS best;",
        "ALTER MODEL m DROP ALIAS best; DROP MODEL m@1;" + GATE + PREDICT.format("said", "m"),
    ),
    "an alias goes with the model": (
        M,
        "ALTER MODEL m SET ALIAS best; ALTER MODEL m RENAME TO n;"
        + GATE
        + PREDICT.format("said", "n@best"),
    ),
}


def left(session: Session) -> Any:
    """The models with their versions and aliases, and what was predicted."""
    models = {
        name: [(one["version"], one.get("aliases", [])) for one in versions]
        for name in session.store.models.names()
        if (versions := session.store.models.versions(name))
    }
    return models, session.run("FROM said ORDER BY a").to_arrow().to_pylist()


def latest(session: Session) -> str:
    """The run before."""
    run = session.store.runs.latest()
    assert run is not None
    return run.id


@pytest.mark.parametrize("title", PROGRAMS)
def test_it_ends_as_if_nothing_had_failed(title: str, tmp_path: Path) -> None:
    before, program = PROGRAMS[title]
    with Session.open(db=str(tmp_path / "whole.duckdb")) as session:
        session.run("CREATE TABLE gate AS SELECT TRUE AS ok;" + before)
        session.run(program)
        expected = left(session)
    with Session.open(db=str(tmp_path / "resumed.duckdb")) as session:
        session.run("CREATE TABLE gate AS SELECT FALSE AS ok;" + before)
        run = None
        for _attempt in range(2):  # what was reused once is found again
            with pytest.raises(SqlmlError, match="not yet"):
                session.run(program, resume=run)
            run = latest(session)
        session.run("UPDATE gate SET ok = TRUE")
        session.run(program, resume=run)
        steps = session.store.runs.steps(latest(session))
        assert left(session) == expected
    again = [step.name for step in steps if step.outcome == "succeeded"]
    assert not [name for name in again if re.match("alter|manage|train", name)]

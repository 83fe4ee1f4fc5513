"""Aliases and tags of stored models, from the statement to the run, its reuse and its lineage."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sqlml.errors import StepError
from sqlml.session import Session, connect
from sqlml.source import Source
from sqlml.zoo.steps import alter, manage

TRAIN = "SELECT * FROM t TO TRAIN Ridge WITH model.alpha = {} LABEL y INTO m"
PREDICT = "SELECT a FROM t TO PREDICT p.y USING m@champion"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database and two versions of a model."""
    folder = tmp_path_factory.mktemp("trained")
    with connect(folder / "d.duckdb", threads=1) as session:
        session.run(
            "CREATE TABLE t AS SELECT i::DOUBLE AS a, i * 2.0 + 1 AS y FROM range(20) AS r(i);"
            f"{TRAIN.format(0.1)}; {TRAIN.format(1000)}"
        )
    return folder


@pytest.fixture
def session(trained: Path, tmp_path: Path) -> Iterator[Session]:
    shutil.copytree(trained, tmp_path / "copy")
    with connect(tmp_path / "copy" / "d.duckdb", threads=1) as opened:
        yield opened


def values(session: Session, sql: str) -> list[dict[str, Any]]:
    return session.run(sql).to_arrow().to_pylist()


def test_an_alias_is_resolved_when_the_statement_runs(session: Session) -> None:
    both = (
        f"{PREDICT}; SELECT a FROM t TO PREDICT q.y USING m@{{}};"
        "SELECT count(*) AS rows FROM p JOIN q USING (a, y)"
    )
    session.run("ALTER MODEL m SET ALIAS champion = 1")
    assert values(session, both.format(1)) == [{"rows": 20}]
    assert values(session, "ALTER MODEL M SET ALIAS Champion = 2;" + both.format(1)) == [
        {"rows": 0}
    ]
    links = values(
        session,
        "SELECT DISTINCT name FROM sqlml_lineage JOIN sqlml_steps USING (run, step)"
        " WHERE kind = 'model' AND direction = 'read' AND target = 'p' ORDER BY ALL",
    )
    assert [link["name"] for link in links] == ["m@1", "m@2"]


def test_a_prediction_is_reused_until_its_alias_moves(session: Session) -> None:
    session.run("ALTER MODEL m SET ALIAS champion = 1")
    outcomes = []
    for before in ("SELECT 1", "SELECT 1", "ALTER MODEL m SET ALIAS champion = 2", "SELECT 1"):
        session.run(before)
        (step,) = session.store.runs.steps(session.run(PREDICT).run)
        outcomes.append(step.outcome)
    assert outcomes == ["succeeded", "reused", "succeeded", "reused"]

    text = f"ALTER MODEL m SET ALIAS champion = 1; {PREDICT}"
    told = session.forecast(session.compile([Source("p.sql", text)]))
    steps = {step.node.name: (step.runs, step.why) for step in told.steps}
    assert steps == {"alter": (True, "runs every time"), "predict": (True, "m changes")}
    assert ("changed", "model", "m") in {(c.effect, c.kind, c.name) for c in told.changes}


def test_a_plan_knows_an_alias_that_is_not_there_yet(session: Session) -> None:
    text = "ALTER MODEL m SET ALIAS new = 2; SELECT a FROM t TO PREDICT USING m@new"
    assert session.forecast(session.compile([Source("p.sql", text)])).steps[1].runs


def test_an_alias_set_between_two_trainings_is_that_of_the_first_also_when_nothing_is_trained_anew(
    session: Session,
) -> None:
    program = (
        "SELECT * FROM t TO TRAIN Ridge WITH model.alpha = 1 LABEL y INTO n;"
        "ALTER MODEL n SET ALIAS champion;"
        "SELECT * FROM t TO TRAIN Ridge WITH model.alpha = 9 LABEL y INTO n;"
        "SELECT a FROM t TO PREDICT USING n@champion"
    )
    for _ in range(2):
        session.run(program)
        assert session.store.models.aliases("n") == {"champion": 1}
    assert len(session.store.models.versions("n")) == 2


def test_models_are_shown_with_their_aliases_and_tags(session: Session) -> None:
    session.run(
        "ALTER MODEL m SET ALIAS champion = 1; ALTER MODEL m SET ALIAS best = champion;"
        "ALTER MODEL m SET ALIAS newest; ALTER MODEL m SET TAG stage = 'in test';"
        "ALTER MODEL m@champion SET TAG owner = me; ALTER MODEL m@1 SET TAG gone = 1;"
        "ALTER MODEL m@1 DROP TAG gone"
    )
    (shown,) = values(session, "SHOW MODELS")
    assert shown["aliases"] == "best@1, champion@1, newest@2"
    assert shown["tags"] == "stage = in test"
    rows = values(session, "SELECT version, aliases, tags FROM sqlml_models")
    assert rows == [
        {"version": 1, "aliases": ["best", "champion"], "tags": [("owner", "me")]},
        {"version": 2, "aliases": ["newest"], "tags": [("stage", "in test")]},
    ]
    described = values(session, "DESCRIBE MODEL m@best")
    found = {(row["section"], row["property"]): row["value"] for row in described}
    assert found["model", "aliases"] == "best, champion"
    assert found["tag", "owner"] == "me"
    assert "newest" in found["version", "m@2"]
    assert float(found["model", "size"].removesuffix(" KiB")) > 0


def test_a_renamed_model_is_described_with_what_it_was_trained_from(session: Session) -> None:
    session.run("ALTER MODEL m RENAME TO n")
    described = values(session, "DESCRIBE MODEL n")
    found = {(row["section"], row["property"]): row["value"] for row in described}
    table, fingerprint = found["lineage", "table"].split()
    assert table == "t"
    assert fingerprint == session.database.fingerprint("t")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"action": "drop-alias", "name": "best"}, "E0281"),
        ({"action": "rename", "name": "other"}, "E0283"),
        ({"action": "drop-tag", "name": "stage"}, "E0284"),
    ],
)
def test_what_has_changed_since_it_was_planned_fails_the_step(
    session: Session, tmp_path: Path, arguments: dict[str, Any], code: str
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    session.store.models.publish("other", folder, {"format": 1}, "7f3a")

    class Context:
        models = session.store.models

    with pytest.raises(StepError) as caught:
        alter.run(Context(), model="m@2", **arguments)  # type: ignore[arg-type]
    assert caught.value.diagnostics[0].code == code


def test_a_version_that_got_an_alias_since_it_was_planned_is_not_dropped(session: Session) -> None:
    session.run("ALTER MODEL m SET ALIAS champion = 1")

    class Context:
        models = session.store.models

    with pytest.raises(StepError) as caught:
        manage.run(Context(), action="drop", model="m", version=1)  # type: ignore[arg-type]
    assert caught.value.diagnostics[0].code == "E0282"
    assert len(session.store.models.versions("m")) == 2

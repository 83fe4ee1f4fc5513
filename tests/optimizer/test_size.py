"""The size pass, from what a run has recorded to what engines are asked for."""

from collections.abc import Iterator

import pytest

from sqlml.codegen.engine import Options, render
from sqlml.optimizer.history import StoredHistory
from sqlml.optimizer.size import Size
from sqlml.session import Session, connect
from sqlml.workflow.ir import Container, Node, Query, Resources, Workflow

MIB = 2**20
HOLD = "import time; held = bytearray(b'x') * (96 << 20); time.sleep(0.3)"
STEPS = Workflow(
    "steps",
    (
        Node("hold", Container("python:3.12", ("python", "-c", HOLD))),
        Node("mine", Container("python:3.12", ("true",)), resources=Resources(memory=64 * MIB)),
        Node("other", Container("python:3.12", ("echo", "never run"))),
    ),
)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One that has run the step `hold`, which takes 96 MiB and what Python takes."""
    db = tmp_path_factory.mktemp("size") / "x.duckdb"
    with connect(db, containers="process") as opened:
        done = opened.execute_workflow(Workflow("steps", STEPS.nodes[:1]))
        assert done.report.outcome == "succeeded"
        yield opened


@pytest.fixture(scope="module")
def sized(session: Session) -> Workflow:
    return Size(StoredHistory(session.database, session.store))(STEPS)


def test_what_a_step_has_held_is_asked_for_with_a_margin(sized: Workflow) -> None:
    hold, mine, other = (node.resources.memory for node in sized.nodes)
    assert hold is not None
    assert 100 * MIB < hold < 300 * MIB
    assert hold % MIB == 0
    assert (mine, other) == (64 * MIB, None)  # the user's own; never run


@pytest.mark.parametrize(
    ("engine", "settings"),
    [("airflow", {"pods": "here"}), ("argo", {}), ("kfp", {}), ("tekton", {})],
)
def test_engines_are_asked_for_it_and_do_not_limit_it(
    engine: str, settings: dict[str, str], sized: Workflow
) -> None:
    memory = sized.nodes[0].resources.memory
    assert memory is not None
    text = "".join(render(sized, engine, Options(settings=settings)).values())
    asked = str(memory) if engine == "kfp" else f"{memory // MIB}Mi"
    assert text.count(asked) == 1  # no limit: an estimate must not end a step
    assert text.count("64Mi") == (0 if engine == "kfp" else 2)  # the user's own


def test_an_estimate_asks_nothing_of_an_engine_without_resources() -> None:
    query = Node("q", Query("SELECT 1"), resources=Resources(memory=MIB, estimated=True))
    assert render(Workflow("w", (query,)), "python", Options())

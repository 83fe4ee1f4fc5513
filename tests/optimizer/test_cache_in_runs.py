"""What runs keep of the files that their steps make, and what becomes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sqlml.errors import ProgramError
from sqlml.optimizer.cache.keeper import Keeper, Made
from sqlml.runtime.events import Event, StepNote
from sqlml.session import Session, connect
from sqlml.store.runs import Step
from sqlml.store.store import Store
from sqlml.workflow.ir import After, Node, Query, Workflow

TRAIN = (
    "CREATE OR REPLACE TABLE flowers AS SELECT i AS x, if(i % 3 = 0, 'a', 'b') AS kind"
    " FROM range(300) AS r(i);"
    "SELECT * FROM flowers TO TRAIN xgboost.gbtree"
    " WITH objective = 'binary:logistic' LABEL kind INTO m;"
)


def predict(rows: int) -> str:
    return f"SELECT x FROM flowers WHERE x < {rows} TO PREDICT USING m;"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with connect(":memory:") as session:
        session.run(TRAIN)
        yield session


@pytest.fixture
def cleared(session: Session) -> Session:
    session.store.artifacts.remove(one.key for one in session.store.artifacts.all())
    return session


def statuses(session: Session) -> dict[str, str]:
    run = session.store.runs.latest()
    assert run is not None
    return {step.name: step.outcome for step in session.store.runs.steps(run.id)}


def kept_steps(session: Session) -> list[str]:
    return [one.step for one in session.store.artifacts.all()]


def test_a_result_set_is_kept_and_found_and_equal(cleared: Session) -> None:
    first = cleared.run(predict(200)).to_arrow()
    again = cleared.run(predict(200)).to_arrow()
    assert statuses(cleared) == {"predict": "reused"}
    assert again.equals(first)
    shown = cleared.run("SELECT step, hits, size FROM sqlml_cache").to_arrow()
    (row,) = shown.to_pylist()
    assert (row["step"], row["hits"]) == ("predict", 1)
    (file,) = cleared.store.results.iterdir()
    assert row["size"] == file.stat().st_size


def test_a_damaged_result_set_is_said_and_made_again(cleared: Session) -> None:
    first = cleared.run(predict(200)).to_arrow().to_pylist()
    (kept,) = cleared.store.artifacts.all()
    (name,) = kept.files
    file = cleared.store.folder / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    told: list[Event] = []

    again = cleared.run(predict(200), listeners=[told.append]).to_arrow()

    assert statuses(cleared) == {"predict": "succeeded"}
    assert again.to_pylist() == first
    (note,) = (event for event in told if isinstance(event, StepNote))
    assert "wrong checksum" in note.message


@contextmanager
def with_settings(session: Session, **settings: object) -> Iterator[Session]:
    before = session.settings
    session.settings = replace(before, **settings)  # type: ignore[arg-type]
    yield session
    session.settings = before


def test_where_there_is_less_room_than_before_what_is_kept_goes(cleared: Session) -> None:
    expected = cleared.run(predict(200) + predict(100))
    assert len(kept_steps(cleared)) == 2

    with with_settings(cleared, cache_size=10) as small:
        again = small.run(predict(200) + predict(100))

    assert [one.table for one in again] == [one.table for one in expected]
    assert kept_steps(cleared) == []
    assert [*cleared.store.results.iterdir()] == []


def test_without_room_the_results_are_there_and_their_files_go(cleared: Session) -> None:
    with with_settings(cleared, cache_size=10) as small:
        assert small.run(predict(150)).to_arrow().num_rows == 150
        assert small.run(predict(150)).to_arrow().num_rows == 150
        assert statuses(small) == {"predict": "succeeded"}
    assert [*cleared.store.results.iterdir()] == []


def test_models_and_tables_are_reused_whatever_the_policy(cleared: Session) -> None:
    with with_settings(cleared, cache_policy="none") as none:
        none.run(TRAIN + predict(50))
        none.run(TRAIN + predict(50))
        assert statuses(none) == {"query": "reused", "train": "reused", "predict": "succeeded"}


def test_a_policy_that_does_not_exist_is_said_before_anything_runs(cleared: Session) -> None:
    with (
        with_settings(cleared, cache_policy="lur") as wrong,
        pytest.raises(ProgramError, match="E0840"),
    ):
        wrong.run("CREATE TABLE never AS SELECT 1 AS x")
    assert "never" not in cleared.database.table("SHOW TABLES").column(0).to_pylist()


@dataclass
class Kitchen:
    """Runs of one workflow whose steps make files of 100 bytes, without running it."""

    store: Store
    workflow: Workflow
    policy: str = "expected"
    size: float = 250

    def run(self, keys: dict[str, str], **seconds: float) -> set[str]:
        """Run it; keys: what steps do and meet. The steps that had to make their files."""
        run = self.store.runs.start(self.workflow.name)
        keeper = Keeper(self.workflow, self.store, self.policy, self.size)
        made = set()
        for number, (step, key) in enumerate(keys.items(), start=1):
            outcome = "reused"
            if not keeper.find(step, key):
                outcome = "succeeded"
                made.add(step)
                path = self.store.results / f"{run}-{step}.arrow"
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"x" * 100)
                keeper.keep(Made(step, run, key, seconds.get(step, 1.0), [path]))
            took = seconds.get(step, 1.0) if outcome == "succeeded" else None
            self.store.runs.record(
                run,
                Step(name=step, number=number, operation="query", key=key, outcome=outcome,
                     started=took and 100.0, finished=took and 100.0 + took),
            )  # fmt: skip
        keeper.succeeded()
        keeper.close()
        self.store.runs.finish(run, "succeeded")
        return made


@pytest.fixture
def kitchen(tmp_path: Path) -> Iterator[Kitchen]:
    """Three steps, one after the other."""
    nodes = (
        Node("a", Query("SELECT 1")),
        Node("b", Query("SELECT 2"), after=(After("a"),)),
        Node("c", Query("SELECT 3"), after=(After("b"),)),
    )
    store = Store.open(tmp_path / "d.sqlml")
    yield Kitchen(store, Workflow("w", nodes))
    store.close()


def kept(kitchen: Kitchen) -> set[str]:
    return {one.key for one in kitchen.store.artifacts.all()}


def test_what_took_longest_stays_where_there_is_not_room_for_all(kitchen: Kitchen) -> None:
    kitchen.run({"a": "a1", "b": "b1", "c": "c1"}, a=1, b=50, c=20)
    assert kept(kitchen) == {"b1", "c1"}
    assert kitchen.run({"a": "a1", "b": "b1", "c": "c1"}, a=1, b=50, c=20) == {"a"}


def test_what_changes_every_time_makes_room_for_what_does_not(kitchen: Kitchen) -> None:
    for turn in range(8):
        kitchen.run({"a": "a1", "b": "b1", "c": f"c{turn}"}, a=10, b=10, c=14)
    assert kept(kitchen) >= {"a1", "b1"}


def test_what_was_before_the_last_change_stays_where_there_is_room(kitchen: Kitchen) -> None:
    kitchen.size = 1000
    kitchen.run({"a": "a1", "b": "b1", "c": "c1"})
    kitchen.run({"a": "a1", "b": "b2", "c": "c2"})
    assert kitchen.run({"a": "a1", "b": "b1", "c": "c1"}) == set()


def test_what_another_workflow_needs_more_is_not_pushed_out(kitchen: Kitchen) -> None:
    kitchen.run({"a": "a1", "b": "b1"}, a=1000, b=1000)
    other = Kitchen(kitchen.store, replace(kitchen.workflow, name="other"))
    other.run({"a": "oa", "b": "ob"}, a=1, b=1)
    assert kept(kitchen) == {"a1", "b1"}
    other.run({"a": "oa2", "b": "ob2"}, a=5000, b=5000)
    assert kept(kitchen) == {"oa2", "ob2"}


@pytest.mark.parametrize("policy", ["fifo", "lru", "gdsf", "paper", "expected"])
def test_no_more_is_kept_than_there_is_room_for(kitchen: Kitchen, policy: str) -> None:
    kitchen.policy = policy
    for turn in range(4):
        kitchen.run({"a": "a1", "b": f"b{turn}", "c": f"c{turn}"})
        assert sum(one.size for one in kitchen.store.artifacts.all()) <= 250
        assert len([*kitchen.store.results.iterdir()]) == len(kitchen.store.artifacts.all())


def test_what_is_pinned_stays(kitchen: Kitchen) -> None:
    kitchen.run({"a": "a1"}, a=1)
    kitchen.store.artifacts.pin(["a1"], pinned=True)
    for turn in range(3):
        kitchen.run({"a": "a2", "b": f"b{turn}", "c": f"c{turn}"}, a=99, b=99, c=99)
    assert "a1" in kept(kitchen)

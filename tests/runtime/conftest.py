"""A database, a store, and odd steps that join as another package's would."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sqlml.databases.duckdb import DuckDB
from sqlml.runtime import local
from sqlml.runtime.events import Event
from sqlml.runtime.report import RunReport
from sqlml.store.store import Store
from sqlml.workflow.ir import Node, ParameterDeclaration, ValueType, Workflow

from .cluster_server import FakeCluster, fake_cluster

TYPES: dict[type, ValueType] = {str: "text", int: "int", float: "float", bool: "bool"}
PLUGIN = Path(__file__).parent / "plugin"
STEPS = (
    "total", "echo", "double", "nap", "die", "blunder", "swell", "chatter", "keep", "tell", "learn",
    "crawl", "litter", "patience", "glance", "misreport", "refuse",
)  # fmt: skip


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an entry point for each of the steps of `plugin/trial_steps.py`."""
    site = tmp_path_factory.mktemp("site")
    info = site / "trial_steps-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: trial-steps\nVersion: 1.0\n")
    lines = [f"{step} = trial_steps:{step}" for step in STEPS]
    (info / "entry_points.txt").write_text("\n".join(["[sqlml.steps]", *lines]))
    return site


@pytest.fixture(autouse=True)
def trial_steps(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and its workers find those steps."""
    monkeypatch.syspath_prepend(PLUGIN)
    monkeypatch.syspath_prepend(site)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[DuckDB]:
    database = DuckDB.open(tmp_path / "test.duckdb")
    database.execute(
        "CREATE TABLE t AS SELECT i::BIGINT AS a, 'row ' || i AS b, i % 2 = 0 AS dropped"
        " FROM range(200000) AS numbers(i)"
    )
    yield database
    database.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "test.duckdb.sqlml")
    yield store
    store.close()


@dataclass
class Runner:
    """Runs workflows and keeps what they told."""

    database: DuckDB
    store: Store
    events: list[Event] = field(default_factory=list)

    def __call__(self, *nodes: Node, **options: Any) -> RunReport:
        parameters = {
            name: ParameterDeclaration(TYPES[type(value)], value)
            for name, value in options.pop("parameters", {}).items()
        }
        workflow = Workflow("test", nodes, parameters, **options.pop("workflow", {}))
        options = {"threads": 2, **options}
        return local.run(
            workflow, self.database, self.store, listeners=[self.events.append], **options
        )

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def run(database: DuckDB, store: Store) -> Runner:
    return Runner(database, store)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    with fake_cluster() as server:
        config = server.kubeconfig(tmp_path / "config")
        monkeypatch.setattr(
            "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(config)
        )
        yield server

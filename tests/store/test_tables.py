"""The store as SQL tables, read with DuckDB."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from sqlml.store.models import Version
from sqlml.store.runs import Link, Step
from sqlml.store.store import Store


def query(store: Store, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        for name, make in store.tables().items():
            connection.register(name, make())
        return connection.execute(sql).fetchall()


def test_they_can_be_queried_when_nothing_is_stored(store: Store) -> None:
    for name in store.tables():
        assert query(store, f"SELECT * FROM {name}") == []
    assert list(store.tables()) == [
        "sqlml_models",
        "sqlml_runs",
        "sqlml_steps",
        "sqlml_attempts",
        "sqlml_utilisation",
        "sqlml_metrics",
        "sqlml_trials",
        "sqlml_lineage",
        "sqlml_jobs",
        "sqlml_cache",
    ]


def test_models_are_rows_with_their_metrics(store: Store, publish: Callable[..., Version]) -> None:
    publish(
        "M",
        estimator="xgboost.gbtree",
        task="classification",
        label=[{"name": "species", "type": "VARCHAR"}],
        columns=[{"name": "sepal", "type": "FLOAT"}, {"name": "petal", "type": "FLOAT"}],
        metrics={"train_accuracy": 0.75},
        rows=110,
    )
    publish("M", statement="SELECT …")
    assert query(
        store,
        "SELECT name, version, estimator, label, features, metrics['train_accuracy'], rows, bytes"
        " FROM sqlml_models ORDER BY version",
    ) == [
        ("M", 1, "xgboost.gbtree", ["species"], ["sepal", "petal"], 0.75, 110, 8),
        ("M", 2, None, [], [], None, None, 8),
    ]
    ((created,),) = query(store, "SELECT max(created) FROM sqlml_models")
    assert isinstance(created, datetime)
    assert abs(datetime.now(UTC).replace(tzinfo=None) - created) < timedelta(minutes=1)


def test_runs_and_steps_are_rows_with_their_times(store: Store) -> None:
    run = store.runs.start("iris.sql")
    step = Step(name="train", number=1, operation="train", started=1.5e9, finished=1.5e9 + 0.25)
    store.runs.record(run, step, Step(name="predict", number=2, operation="predict"))
    store.runs.finish(run, "failed")
    assert query(
        store, "SELECT step, outcome, started, seconds, code FROM sqlml_steps ORDER BY number"
    ) == [
        ("train", "waiting", datetime(2017, 7, 14, 2, 40), pytest.approx(0.25), None),
        ("predict", "waiting", None, None, None),
    ]
    assert query(store, "SELECT run, outcome, seconds >= 0 FROM sqlml_runs") == [
        (run, "failed", True)
    ]


def test_metrics_and_lineage_are_rows(store: Store) -> None:
    run = store.runs.start("x")
    history = [{"train_logloss": 0.5}, {"train_logloss": 0.25}]
    store.runs.record_metrics(run, "train", {"accuracy": 0.9}, history, model="db.m@3")
    store.runs.record_metrics(run, "evaluate", {"auc": float("nan")})
    reads, writes = [Link("table", "iris", "ab12")], [Link("model", "db.m@3")]
    store.runs.record_lineage(run, "train", reads, writes)
    assert query(store, "SELECT * EXCLUDE run FROM sqlml_metrics") == [
        ("train", "db.m", 3, None, "accuracy", 0.9),
        ("train", "db.m", 3, 1, "train_logloss", 0.5),
        ("train", "db.m", 3, 2, "train_logloss", 0.25),
        ("evaluate", None, None, None, "auc", None),
    ]
    assert query(store, "SELECT * EXCLUDE run FROM sqlml_lineage") == [
        ("train", "read", "table", "iris", "ab12"),
        ("train", "write", "model", "db.m@3", None),
    ]

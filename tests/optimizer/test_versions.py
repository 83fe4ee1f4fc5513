"""A new version of a library makes the steps run again that it may affect, and no others."""

from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from sqlml.optimizer.versions import versions
from sqlml.session import Session, connect
from sqlml.source import Source
from sqlml.workflow.ir import Node, Train
from sqlml.zoo import MODELS, library
from sqlml.zoo.models import find_model, model_names

PROGRAM = """
CREATE OR REPLACE TABLE rows AS
SELECT i AS x, i * i % 7 AS y, if(i % 3 = 0, 'a', 'b') AS kind FROM range(60) AS r(i);
SELECT x, y, kind FROM rows TO TRAIN xgboost.gbtree
WITH objective = 'binary:logistic', num_boost_round = 1 LABEL kind INTO boosted;
SELECT x, y, kind FROM rows TO TRAIN sklearn.tree.DecisionTreeClassifier LABEL kind INTO tree;
SELECT x, y FROM rows TO PREDICT by_boosted.kind USING boosted;
SELECT x, y FROM rows TO PREDICT by_tree.kind USING tree;
SELECT x, y FROM rows TO EXPLAIN tree INTO why;
SELECT x FROM rows TO MAXIMIZE SUM(x) CONSTRAINT SUM(x) <= 3
WITH variables = 'x', var_type = 'Binary' INTO chosen;
"""
OF_TREE = {"train-2", "predict-2", "explain"}
AFFECTED = {
    "xgboost-cpu": {"train", "predict"},
    "scikit-learn": OF_TREE,
    "scipy": OF_TREE,
    "shap": {"explain"},
    "highspy": {"solve"},
    "keras": set(),
}


def pretend(patch: pytest.MonkeyPatch, distribution: str, version: str) -> None:
    """Let another version be installed."""
    installed = metadata.version

    def told(name: str) -> str:
        return version if name == distribution else installed(name)

    patch.setattr(metadata, "version", told)
    library._version.cache_clear()


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    library._version.cache_clear()


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with connect(":memory:") as session:
        session.run(PROGRAM)
        yield session


def test_what_a_library_does_is_done_again_when_it_changes(session: Session) -> None:
    """That it would be is what the plan says; the last one is then run."""

    def would_run() -> set[str]:
        told = session.forecast(session.compile([Source("p", PROGRAM)]))
        return {step.node.name for step in told.steps if step.runs}

    assert would_run() == set()
    for distribution, affected in AFFECTED.items():
        with pytest.MonkeyPatch.context() as patch:
            pretend(patch, distribution, "99.0")
            assert would_run() == affected, distribution
        library._version.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        pretend(patch, "highspy", "99.0")
        session.run(PROGRAM)
        run = session.store.runs.latest()
        assert run is not None
        again = {s.name for s in session.store.runs.steps(run.id) if s.outcome == "succeeded"}
        assert again == AFFECTED["highspy"]


def test_a_new_database_makes_queries_run_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, "duckdb", "99.0")
    told = session.forecast(session.compile([Source("p", PROGRAM)]))
    assert all(step.runs for step in told.steps)


@pytest.mark.parametrize("family", sorted(set(MODELS) - {"auto", "custom"}))
def test_every_family_names_libraries_that_are_there(family: str) -> None:
    models = [find_model(name) for name in model_names() if name.startswith(f"{family}.")]
    for model in models:
        assert model is not None
        assert all(one.version for one in (*model.made_with, *model.explained_by)), model.name


def test_a_model_of_ones_own_depends_on_what_its_file_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(
        "import math\nfrom sklearn.tree import DecisionTreeClassifier\nimport numpy as np\n"
        "class Forest:\n    task = 'classification'\n    def fit(self, X, y): ...\n"
    )
    monkeypatch.setenv("SQLML_ZOO", str(tmp_path))
    node = Node("train", Train("mine.Forest", {}, {}, {}, ("y",), "m"))
    before = versions(node)
    assert before["sklearn"] == metadata.version("scikit-learn")
    assert before["numpy"] == metadata.version("numpy")
    assert "math" not in before
    pretend(monkeypatch, "scikit-learn", "99.0")
    assert versions(node) == {**before, "sklearn": "99.0"}

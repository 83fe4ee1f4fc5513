"""Models in container images, with a stand-in for Podman: an image is a folder."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sqlml.codegen.programs import IN_IMAGE, Worker, as_programs
from sqlml.errors import ProgramError
from sqlml.session import Session
from sqlml.source import Source
from sqlml.zoo.models import custom_image, find_model

STAND_IN = """#!/bin/sh
case $1 in
  image) [ -d "$IMAGES/$5" ] && echo "sha256:of-$(basename $5)";;
  create) echo "$2";;
  cp) cp -r "$IMAGES/${2%:/zoo}/zoo" "$3" 2> /dev/null;;
esac
"""
MEAN = """
class Mean:
    '''Says the same of every row.

    Args:
        add: what is added to the mean.
    '''

    task = "regression"

    def __init__(self, add: float = 0.0):
        self.add = add

    def fit(self, X, y):
        self.mean = float(y.mean()) + self.add
        return self

    def predict(self, X):
        return X[:, 0] * 0 + self.mean
"""
IMAGE = "hub/models:v1"
TRAIN = "SELECT i AS a, i * 2 AS y FROM range(100) r(i) TO TRAIN {} LABEL y INTO m"


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the image."""
    image = tmp_path / "images" / IMAGE
    (image / "zoo").mkdir(parents=True)
    (image / "zoo" / "means.py").write_text(MEAN)
    (tmp_path / "images" / "hub" / "bare:v1").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "podman").write_text(STAND_IN)
    (tmp_path / "bin" / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("IMAGES", str(tmp_path / "images"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SQLML_CONTAINERS", raising=False)
    custom_image._copied.cache_clear()
    return image


@pytest.fixture
def faults(tmp_path: Path) -> Callable[[str], list[tuple[str, str, str]]]:
    def told(model: str) -> list[tuple[str, str, str]]:
        with Session.open(db=":memory:") as session, pytest.raises(ProgramError) as caught:
            session.compile([Source("t.sql", TRAIN.format(model))])
        return [(one.code, one.message, one.hint) for one in caught.value.diagnostics]

    return told


def test_a_class_of_an_image_is_trained_and_predicts_here(engine: Path, tmp_path: Path) -> None:
    with Session.open(db=str(tmp_path / "t.duckdb")) as session:
        session.run(TRAIN.format(f"{IMAGE}/Mean WITH model.add = 0.5"))
        said = session.run("SELECT 7 AS a TO PREDICT y USING m; FROM y")
        assert said.to_arrow().to_pylist() == [{"a": 7, "y": 99.5}]
        (described,) = session.run("SHOW TRAIN m").to_arrow().to_pylist()
        assert f"{IMAGE}/Mean" in str(described)


def test_it_is_found_with_and_without_its_module_and_has_its_attributes(engine: Path) -> None:
    for name in (f"{IMAGE}/Mean", f"{IMAGE}/means.Mean"):
        found = find_model(name)
        assert found is not None
        assert found.name == f"{IMAGE}/means.Mean"
        assert found.parameters["add"].doc == "what is added to the mean."
    assert find_model(f"{IMAGE}/Median") is None
    assert find_model("means.Mean") is None


def test_what_is_wrong_with_an_image_is_told_before_anything_runs(
    engine: Path, faults: Callable[[str], list[tuple[str, str, str]]]
) -> None:
    assert faults("hub/none:v1/Mean") == [
        (
            "E0212",
            "the container image `hub/none:v1` is not on this machine",
            "`podman pull hub/none:v1` fetches it",
        )
    ]
    ((code, message, hint),) = faults("hub/bare:v1/Mean")
    assert (code, message) == ("E0212", "the container image `hub/bare:v1` has no folder `/zoo`")
    assert "COPY zoo /zoo" in hint
    ((code, message, _),) = faults(f"{IMAGE}/Median")
    assert (code, message) == (
        "E0212",
        f"there is no model `{IMAGE}/Median` in a container image",
    )
    ((code, message, _),) = faults(f"{IMAGE}/Mean WITH model.ad = 1")
    assert code == "E0203"
    ((code, _, hint),) = faults("sqlflow/sqlflow_models:latest/DNNClassifier")
    assert (code, hint) == ("E0212", "write `keras.DNNClassifier`")


def test_in_the_image_itself_the_class_is_in_a_zoo_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "means.py").write_text(MEAN)
    monkeypatch.setenv("SQLML_CONTAINERS", "process")
    monkeypatch.setenv("SQLML_ZOO", str(tmp_path))
    found = find_model(f"{IMAGE}/Mean")
    assert found is not None
    assert found.name == f"{IMAGE}/means.Mean"


def test_on_an_engine_its_steps_run_in_the_image(engine: Path) -> None:
    text = f"{TRAIN.format(f'{IMAGE}/Mean')}; SELECT 1 AS a TO PREDICT t.y USING m; SELECT 2 AS b"
    with Session.open(db=":memory:") as session:
        workflow = session.compile([Source("t.sql", text.replace("t.y", "t"))]).workflow
    steps = {n.name: n for n in as_programs(workflow, Worker(image="w", db="x")).nodes}
    assert {name: step.operation.image for name, step in steps.items()} == {  # type: ignore[union-attr]
        "train": IMAGE,
        "predict": IMAGE,
        "query": "w",
    }
    assert steps["train"].env == IN_IMAGE
    assert steps["query"].env == {}

"""The manifest of a stored model."""

import json
import re
from pathlib import Path

import pytest

from sqlml.errors import StepError
from sqlml.zoo.bundle import Manifest, model_type, outline, read_manifest

ROOT = Path(__file__).parents[2]
INSIDE = {"schema.json"}  # a file in an archive that is named

MANIFEST = Manifest(
    estimator="xgboost.gbtree",
    family="xgboost",
    task="classification",
    pipeline={"": {}},
    columns=({"name": "x", "type": "DOUBLE"},),
    label=({"name": "y", "type": "BOOLEAN"},),
    classes=(False, True),
    history=({"round": 1, "train_logloss": 0.5},),
)


def test_a_manifest_comes_back_as_it_was() -> None:
    assert read_manifest(json.loads(json.dumps(MANIFEST.to_json()))) == MANIFEST


def test_what_the_store_adds_is_read_and_what_is_unknown_left() -> None:
    added = {"name": "m", "version": 3, "run": "7f3a", "created": "2026-01-01", "files": {}}
    found = read_manifest({**MANIFEST.to_json(), **added})
    assert (found.name, found.version, found.run) == ("m", 3, "7f3a")


def test_classes_go_with_the_label() -> None:
    (label,) = MANIFEST.labels
    assert (label.name, label.type, label.classes) == ("y", "BOOLEAN", (False, True))


def test_a_newer_format_is_refused() -> None:
    content = {**MANIFEST.to_json(), "format": 2, "name": "m", "version": 3, "sqlml": "9.1"}
    with pytest.raises(StepError, match=r"model `m@3` was made by a newer sqlml 9\.1") as caught:
        read_manifest(content)
    assert caught.value.diagnostics[0].code == "E0505"
    outlined = outline({**content, "label": "of another kind", "statement": "SELECT"})
    assert (outlined.name, outlined.version, outlined.statement) == ("m", 3, "SELECT")
    assert outlined.label == ()


def test_a_missing_plugin_is_told() -> None:
    with pytest.raises(StepError, match=r"no model type `rusty\.Forest` here") as caught:
        model_type("rusty.Forest")
    assert caught.value.diagnostics[0].code == "E0427"


def test_the_page_names_every_file_that_models_write() -> None:
    page = (ROOT / "docs/model-files.md").read_text("utf-8")
    sources = [path.read_text("utf-8") for path in (ROOT / "sqlml/zoo/models").glob("*.py")]
    names = set(re.findall(r'^[A-Z, ]+ = .*"(\w[\w.]*\.[a-z0-9]+)"$', "\n".join(sources), re.M))
    assert {"model.ubj", "model.keras", "series.npz", "graph.npz", "scorecard.json"} <= names
    assert [name for name in sorted(names - INSIDE) if f"`{name}`" not in page] == []

"""Boosters that were made elsewhere: as a model here they say what their library says."""

import pickle
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost

from sqlml.errors import ProgramError
from sqlml.session import Session, connect

NAMES = ["width", "Höhe", "a b"]
RANDOM = np.random.default_rng(7)
MATRIX = RANDOM.normal(size=(60, 3)).astype(np.float32)
VALUES = MATRIX @ [1, 2, 0.5]
CLASSES = np.digitize(VALUES, [-1, 1])


@pytest.fixture
def session(tmp_path: Path) -> Any:
    with connect(tmp_path / "d.duckdb", threads=1) as opened:
        yield opened


def boosted(objective: str, label: Any, names: list[str] | None = NAMES) -> Any:
    parameters = {"objective": objective, "max_depth": 3}
    parameters |= {"num_class": 3} if objective.startswith("multi") else {}
    return xgboost.train(parameters, xgboost.DMatrix(MATRIX, label, feature_names=names), 5)


def columns_of(names: list[str]) -> str:
    rows = ", ".join(f"({', '.join(map(str, row))})" for row in MATRIX.astype(float).tolist())
    listed = ", ".join(f'"{name}"' for name in names)
    return f"CREATE TABLE rows_ AS SELECT * FROM (VALUES {rows}) AS t({listed})"


@pytest.mark.parametrize("suffix", ["json", "ubj"])
def test_an_xgboost_file_predicts_and_is_evaluated_and_explained(
    session: Session, tmp_path: Path, suffix: str
) -> None:
    booster = boosted("multi:softprob", CLASSES)
    booster.save_model(tmp_path / f"m.{suffix}")
    made = session.models.adopt(
        tmp_path / f"m.{suffix}", "m", label="size", classes=["s", "m", "l"]
    )
    assert made == "m@1"
    session.run(columns_of(NAMES))
    expected = booster.inplace_predict(MATRIX)
    results = session.run(
        "FROM rows_ TO PREDICT WITH predict.probability = TRUE USING m;"
        "SELECT *, 's' AS size FROM rows_ TO EVALUATE m WITH validation.metrics = 'accuracy';"
        "FROM rows_ TO EXPLAIN m USING GainExplainer;"
        "DESCRIBE MODEL m"
    )
    table = results[0].to_arrow()
    for place, name in enumerate("sml"):
        np.testing.assert_array_equal(table[f"size_proba_{name}"].to_numpy(), expected[:, place])
    assert table["size"].to_pylist() == ["sml"[number] for number in expected.argmax(axis=1)]
    share = np.mean(expected.argmax(axis=1) == 0)
    assert results[1].to_arrow()["accuracy"][0].as_py() == pytest.approx(share)
    assert set(results[2].to_arrow()["feature"].to_pylist()) <= set(NAMES)
    described = {row["property"]: row["value"] for row in results[3].to_arrow().to_pylist()}
    assert described["statement"] == f"imported from m.{suffix}"
    assert described["Höhe"] == "NUMERIC of DOUBLE"


def test_a_lightgbm_file_becomes_the_next_version(session: Session, tmp_path: Path) -> None:
    names = ["width", "height", "depth"]
    data = lightgbm.Dataset(MATRIX, VALUES, feature_name=names)
    booster = lightgbm.train({"verbose": -1, "num_leaves": 4}, data, 5)
    booster.save_model(tmp_path / "m.txt")
    session.models.adopt(tmp_path / "m.txt", "m", label="weight")
    assert session.models.adopt(tmp_path / "m.txt", "M", label="weight") == "m@2"
    session.run(columns_of(names))
    table = session.run("FROM rows_ TO PREDICT USING m").to_arrow()
    np.testing.assert_array_equal(table["weight"].to_numpy(), booster.predict(MATRIX))


def test_columns_without_names_need_them(session: Session, tmp_path: Path) -> None:
    boosted("binary:logistic", VALUES > 0, None).save_model(tmp_path / "m.json")
    file = tmp_path / "m.json"
    for features, words in (
        ((), "does not name its 3 columns"),
        (("a", "b"), "has 3 columns, but 2 names"),
        (("a", "b", "A"), "two columns are named `a`"),
    ):
        with pytest.raises(ProgramError) as caught:
            session.models.adopt(file, "m", features=features)
        (fault,) = caught.value.diagnostics
        assert (fault.code, words in fault.message) == ("E0585", True), fault
    with pytest.raises(ProgramError, match="the model has 2 classes; 3 were named"):
        session.models.adopt(file, "m", features=("a", "b", "c"), classes=("x", "y", "z"))
    assert session.store.models.names() == ()
    assert session.models.adopt(file, "m", features=("a", "b", "c")) == "m@1"
    assert session.models.get("m").manifest["classes"] == [0, 1]


def test_a_model_with_several_results_is_refused(session: Session, tmp_path: Path) -> None:
    booster = boosted("reg:squarederror", np.column_stack([VALUES, VALUES]))
    booster.save_model(tmp_path / "m.json")
    with pytest.raises(ProgramError, match="several numbers for each row"):
        session.models.adopt(tmp_path / "m.json", "m")


def test_models_on_categories_are_refused(session: Session, tmp_path: Path) -> None:
    codes = MATRIX.copy()
    codes[:, 0] = np.arange(len(codes)) % 5
    values = codes[:, 0] % 2 + VALUES / 100
    data = xgboost.DMatrix(
        codes, values, feature_names=NAMES, feature_types=["c", "q", "q"], enable_categorical=True
    )
    xgboost.train({}, data, 2).save_model(tmp_path / "m.json")
    rows = lightgbm.Dataset(codes, values, categorical_feature=[0], params={"verbose": -1})
    small = {"verbose": -1, "min_data_in_leaf": 1, "min_data_per_group": 1, "cat_smooth": 0}
    lightgbm.train({**small, "max_cat_to_onehot": 1}, rows, 2).save_model(tmp_path / "m.txt")
    for name in ("m.txt", "m.json"):
        with pytest.raises(ProgramError, match="trained on categories"):
            session.models.adopt(tmp_path / name, "m", features=NAMES)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.pkl", pickle.dumps({"a": 1}), "is a pickle"),
        ("m.json", b'{"learner": {}}', "is no XGBoost model"),
        ("m.txt", b"tree\nversion=v4\nnonsense", "is no LightGBM model"),
        ("m.csv", b"a,b\n1,2\n", "is no model file that sqlml knows"),
        ("m.bin", b"", "is no model file that sqlml knows"),
    ],
)
def test_other_files_are_refused(
    session: Session, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ProgramError) as caught:
        session.models.adopt(tmp_path / name, "m", features=["a"])
    (fault,) = caught.value.diagnostics
    assert (fault.code, words in fault.message) == ("E0584", True), fault
    with pytest.raises(ProgramError, match="cannot be read"):
        session.models.adopt(tmp_path / "nowhere", "m")

"""PMML and ONNX say of the same rows what PREDICT says: columns as they are go into both.

PMML is read by a reader made from the specification alone, ONNX by onnxruntime.
"""

import datetime as dt
import json
import math
import operator
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest

from sqlml.errors import StepError
from sqlml.zoo.export.calendar import PARTS, Term
from sqlml.zoo.export.contract import Export
from sqlml.zoo.export.write import write
from sqlml.zoo.features.columns import Columns
from sqlml.zoo.features.contract import ColumnReference, Encoding, feature_from_json
from sqlml.zoo.features.date_parts import DateParts

Element = ElementTree.Element
SPACE = "{http://www.dmg.org/PMML-4_4}"
TYPES: Mapping[str, Callable[[str], Any]] = {
    "double": float,
    "integer": lambda text: int(float(text)),
    "string": str,
    "boolean": lambda text: text.lower() == "true",
    "date": dt.date.fromisoformat,
    "dateTime": dt.datetime.fromisoformat,
    "timeOfDay": dt.time.fromisoformat,
}
FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "exp": math.exp,
    "ln": math.log,
    "abs": abs,
    "floor": math.floor,
    "dateDaysSinceYear": lambda date, year: (date - dt.date(int(year), 1, 1)).days,
    "dateSecondsSinceYear": lambda time, year: (
        (time - dt.datetime(int(year), 1, 1)) // dt.timedelta(seconds=1)
    ),
    "dateSecondsSinceMidnight": lambda time: time.hour * 3600 + time.minute * 60 + time.second,
}


class Reader:
    """What https://dmg.org/pmml/v4-4-1 says of a document, as far as ours go. Missing is None."""

    def __init__(self, path: Path) -> None:
        root = ElementTree.parse(path).getroot()
        for one in root.iter():
            assert one.tag.startswith(SPACE)
            one.tag = one.tag.removeprefix(SPACE)
        assert root.get("version") == "4.4"
        self.model = root[-1]
        self.data = {one.get("name"): one for one in root.iter("DataField")}
        derived = root.find("TransformationDictionary")
        self.derived = {} if derived is None else {one.get("name"): one for one in derived}
        assert not set(self.data) & set(self.derived)
        self.tables: dict[Element, dict[tuple[Any, ...], str]] = {}  # read when first needed

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The target and the output fields of a row."""
        known = {}
        for field in self.model.iterfind("MiningSchema/MiningField"):
            if field.get("usageType") != "target":
                name = field.get("name", "")
                known[name] = self.prepared(field, self.data[name], row[name])
        return self.run(self.model, known)

    def prepared(self, used: Element, field: Element, given: Any) -> Any:
        missing = [
            v.get("value") for v in field.iterfind("Value") if v.get("property") == "missing"
        ]
        if given is None or str(given).lower() in [str(text).lower() for text in missing]:
            if used.get("missingValueTreatment") == "returnInvalid":
                raise ValueError(f"{field.get('name')} is missing")
            return None
        value = TYPES[field.get("dataType", "")](str(given))
        intervals = field.findall("Interval")
        if intervals and not any(within(one, value) for one in intervals):
            raise ValueError(f"{field.get('name')} is invalid")
        return value

    # --- expressions ----------------------------------------------------------------------------

    def value(self, name: str | None, known: dict[str, Any]) -> Any:
        if name not in known:
            field = self.derived[name]
            found = self.evaluated(field[0], known)
            kind = TYPES[field.get("dataType", "")]
            known[str(name)] = None if found is None else kind(str(found))
        return known[str(name)]

    def evaluated(self, one: Element, known: dict[str, Any]) -> Any:
        match one.tag:
            case "Constant":
                return float(one.text or "")
            case "Apply":
                given = [self.evaluated(inner, known) for inner in one]
                return None if None in given else FUNCTIONS[one.get("function", "")](*given)
            case "MapValues":
                return self.mapped(one, known)
        value = self.value(one.get("field"), known)
        if value is None:
            return one.get("mapMissingTo")
        match one.tag:
            case "FieldRef":
                return value
            case "NormDiscrete":
                return float(type(value)(TYPES[type_name(value)](one.get("value", ""))) == value)
            case "Discretize":
                bins = (bin_ for bin_ in one if within(bin_[0], value))
                found = next(bins, None)
                return one.get("defaultValue") if found is None else found.get("binValue")
        raise AssertionError(one.tag)

    def mapped(self, one: Element, known: dict[str, Any]) -> Any:
        pairs = one.findall("FieldColumnPair")
        values = [self.value(pair.get("field"), known) for pair in pairs]
        if None in values:
            return one.get("mapMissingTo")
        if one not in self.tables:
            kinds = [TYPES[type_name(value)] for value in values]
            self.tables[one] = {
                tuple(
                    kind(cells[pair.get("column")]) for kind, pair in zip(kinds, pairs, strict=True)
                ): cells[one.get("outputColumn")]
                for cells in (
                    {cell.tag: cell.text or "" for cell in row}
                    for row in one.iterfind("InlineTable/row")
                )
            }
        return self.tables[one].get(tuple(values), one.get("defaultValue"))

    # --- models ---------------------------------------------------------------------------------

    def run(self, model: Element, known: dict[str, Any]) -> dict[str, Any]:
        """The result of a model, `""`, and its output fields."""
        for name in (one.get("name") for one in model.iterfind("MiningSchema/MiningField")):
            assert name in known or name in self.data  # a model is given what it declares
        for field in model.iterfind("LocalTransformations/DerivedField"):
            known = {**known, str(field.get("name")): self.evaluated(field[0], known)}
        chances: dict[str, float] = {}
        match model.tag:
            case "TreeModel":
                result: Any = self.leaf(model, known)
            case "RegressionModel":
                result, chances = self.regression(model, known)
            case _:
                return self.mining(model, known)
        found = {"": result}
        for field in model.iterfind("Output/OutputField"):
            found[field.get("name", "")] = self.output(field, result, chances, known)
        return found

    def output(self, field: Element, result: Any, chances: Any, known: dict[str, Any]) -> Any:
        match field.get("feature"):
            case "predictedValue":
                return result
            case "probability":
                return chances[field.get("value")]
            case _:
                return self.evaluated(field[0], known)

    def mining(self, model: Element, known: dict[str, Any]) -> dict[str, Any]:
        (segments,) = model.findall("Segmentation")
        assert all(one[0].tag == "True" for one in segments)
        if segments.get("multipleModelMethod") == "sum":
            found = {"": math.fsum(self.run(one[1], known)[""] for one in segments)}
            for field in model.iterfind("Output/OutputField"):
                found[field.get("name", "")] = found[""]
            return found
        assert segments.get("multipleModelMethod") == "modelChain"
        for one in segments:
            known = {**known, **self.run(one[1], known)}
        return known

    def leaf(self, model: Element, known: dict[str, Any]) -> float:
        assert model.get("missingValueStrategy") == "defaultChild"
        node = model.findall("Node")[0]
        while node.get("score") is None:
            children = {child.get("id"): child for child in node.findall("Node")}
            answers = ((name, self.passes(c[0], known)) for name, c in children.items())
            name, passed = next((n, passed) for n, passed in answers if passed is not False)
            node = children[name if passed else node.get("defaultChild")]
        return float(node.get("score", ""))

    def passes(self, test: Element, known: dict[str, Any]) -> bool | None:
        if test.tag == "True":
            return True
        value = self.value(test.get("field"), known)
        if value is None:
            return None
        if test.tag == "SimpleSetPredicate":
            is_listed = str(value) in (test[0].text or "").split()
            return is_listed == (test.get("booleanOperator") == "isIn")
        assert {**self.data, **self.derived}[test.get("field")].get("optype") == "continuous"
        compared = {
            "lessThan": operator.lt,
            "lessOrEqual": operator.le,
            "greaterThan": operator.gt,
            "greaterOrEqual": operator.ge,
        }
        return bool(compared[test.get("operator", "")](value, float(test.get("value", ""))))

    def regression(self, model: Element, known: dict[str, Any]) -> tuple[Any, dict[str, float]]:
        scores = {}
        for table in model.iterfind("RegressionTable"):
            scores[table.get("targetCategory")] = sum(
                (
                    float(one.get("coefficient", "")) * self.value(one.get("name"), known)
                    for one in table
                ),
                start=float(table.get("intercept", "")),
            )
        match model.get("normalizationMethod"):
            case "softmax":
                largest = max(scores.values())
                scores = {name: math.exp(score - largest) for name, score in scores.items()}
            case "logit":
                scores = {name: 1 / (1 + math.exp(-score)) for name, score in scores.items()}
            case "exp":
                scores = {name: math.exp(score) for name, score in scores.items()}
        if model.get("functionName") == "regression":
            return scores[None], {}
        total = sum(scores.values())
        chances = {str(name): score / total for name, score in scores.items()}
        return max(chances, key=lambda name: chances[name]), chances


def within(interval: Element, value: float) -> bool:
    low, high = (float(interval.get(f"{side}Margin", "nan")) for side in ("left", "right"))
    closure = interval.get("closure", "")
    above = value >= low if closure.startswith("closed") else value > low
    below = value <= high if closure.endswith("Closed") else value < high
    return (above or math.isnan(low)) and (below or math.isnan(high))


def type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "double", str: "string"}
    return names[type(value)]


# --- programs -------------------------------------------------------------------------------

ROWS = 120
TABLE = f"""
CREATE TABLE rows_ AS
SELECT i AS id,
       CASE WHEN i % 13 = 0 THEN NULL WHEN i % 17 = 0 THEN 'NaN'
            ELSE (i * 7919) % 1000 / 100.0 END::DOUBLE AS a,
       ((i * 31) % 97)::INTEGER AS b,
       ['x', 'y', '<i t''s>', NULL][1 + (i * 31) % 4] AS c,
       'k' || (i * 7) % 80 AS wide,
       i % 7 = 0 AS f,
       DATE '2020-01-01' + (i % 3)::INTEGER AS d,
       1 + i % 9 AS e,
       sin(i) + (i % 5) / 3 + ((i * 31) % 97) / 50.0 + ((i * 7) % 80) % 3 AS y,
       CASE WHEN sin(i * 1.7) + ((i * 31) % 97) / 50.0 > 1.2 THEN 'yes' ELSE 'no' END AS two,
       1 + ((i * 31) % 97 + i % 3) % 3 AS three
FROM range({ROWS}) AS r(i)
"""
KINDS = {"a": "DOUBLE", "b": "INTEGER", "c": "VARCHAR", "wide": "VARCHAR"}
KINDS |= {"f": "BOOLEAN", "d": "DATE", "e": "BIGINT"}


def column(name: str) -> dict[str, str]:
    return {"column": name, "type": KINDS[name]}


def number(name: str) -> dict[str, Any]:
    return {"function": "NUMERIC", "column": column(name)}


def vocabulary(name: str, **other: Any) -> dict[str, Any]:
    return {"function": "VOCABULARY", "column": column(name), **other}


A, B, E, F = (number(name) for name in "abef")
IMPUTED = {"function": "IMPUTE", "of": A, "how": "mean"}
IDS = {"function": "CATEGORY_ID", "of": column("b"), "n": 97}
BUCKETS = {"function": "BUCKET", "of": A, "n": 4}
CROSSED = {"function": "CROSS", "parts": (BUCKETS, vocabulary("c")), "n": 7}
PREPARED = (
    {"function": "STANDARDIZE", "of": IMPUTED},
    {"function": "MINMAX", "of": B},
    {"function": "LOG", "of": E},
    {"function": "LOG", "of": {"function": "IMPUTE", "of": E, "value": 0.5}},
    BUCKETS,
    vocabulary("c"),
    vocabulary("c", other=False, fill="z"),
    {"function": "INDICATOR", "of": vocabulary("c", other=False)},
    {"function": "INDICATOR", "of": vocabulary("e")},
    vocabulary("d"),
    vocabulary("f"),
    F,
    IDS,
    CROSSED,
)
FULL = (IMPUTED, B, F)
MODELS: Mapping[str, tuple[str, Mapping[str, Any], tuple[Any, ...], str]] = {
    "boosted trees and all features": ("xgboost.gbtree", {}, PREPARED, "y"),
    "weights and all features": ("sklearn.linear_model.Ridge", {}, PREPARED, "y"),
    "codes": ("lightgbm.gbdt", {"min_data_in_leaf": 2}, PREPARED, "y"),
    "two classes": ("xgboost.gbtree", {"max_depth": 3}, (A, B, vocabulary("c"), F), "two"),
    "several classes": ("xgboost.gbtree", {"max_depth": 3}, (A, vocabulary("c"), F), "three"),
    "absent is missing": (
        "xgboost.gbtree",
        {},
        (A, {"function": "INDICATOR", "of": vocabulary("wide", other=False)}),
        "y",
    ),
    "a hinge": ("xgboost.gbtree", {"objective": "binary:hinge"}, (A, B), "two"),
    "counts": ("xgboost.gbtree", {"objective": "count:poisson"}, (A, B), "three"),
    "linear boosting": ("xgboost.gblinear", {}, (IMPUTED, F), "three"),
    "a sigmoid": ("lightgbm.gbdt", {"sigmoid": 0.7}, (A, B, vocabulary("c")), "two"),
    "one against all": ("lightgbm.gbdt", {"objective": "multiclassova"}, (A, B), "three"),
    "a squared root": ("lightgbm.gbdt", {"reg_sqrt": True}, (A, B), "y"),
    "a softplus": ("lightgbm.gbdt", {"objective": "cross_entropy_lambda"}, (A, B), "f"),
    "a forest": (
        "sklearn.ensemble.RandomForestClassifier",
        {"n_estimators": 5, "max_depth": 6},
        FULL,
        "three",
    ),
    "a tree": ("sklearn.tree.DecisionTreeRegressor", {"max_depth": 6}, (A, vocabulary("c")), "y"),
    "a root alone": ("sklearn.tree.DecisionTreeRegressor", {"max_leaf_nodes": 2}, (B,), "y"),
    "scikit-learn's boosting": (
        "sklearn.ensemble.GradientBoostingClassifier",
        {"n_estimators": 5},
        FULL,
        "two",
    ),
    "a logistic regression": (
        "sklearn.linear_model.LogisticRegression",
        {},
        (*FULL, vocabulary("c")),
        "two",
    ),
    "boolean classes": ("sklearn.linear_model.LogisticRegression", {}, (IMPUTED, B), "f"),
    "one against the rest": (
        "sklearn.linear_model.SGDClassifier",
        {"loss": "log_loss"},
        (IMPUTED, {"function": "MINMAX", "of": B}),
        "three",
    ),
    "margins": ("sklearn.linear_model.RidgeClassifier", {}, FULL, "three"),
    "categories of histograms": (
        "sklearn.ensemble.HistGradientBoostingClassifier",
        {"max_iter": 3},
        (A, vocabulary("c"), vocabulary("e", other=False)),
        "three",
    ),
    "a score card": ("scorecard.ScoreCard", {}, (A, B, vocabulary("c")), "two"),
    "a log link": ("sklearn.linear_model.PoissonRegressor", {}, FULL, "three"),
}


@pytest.fixture
def rows(context: Any) -> Any:
    context.connection.execute(TABLE)
    return context


def trained(rows: Any, estimator: str, features: Any, label: str, **parameters: Any) -> Export:
    boosting = estimator.startswith(("xgboost", "lightgbm"))
    rows.run(
        "train",
        estimator=estimator,
        parameters=parameters,
        settings={"num_boost_round": 5} if boosting else {},
        features={"": tuple(feature_from_json(one).to_json() for one in features)},
        label=(label,) if label else (),
        into="m",
        rows="SELECT * FROM rows_",
    )
    return Export("m@1", rows.model("m@1"))


def run_onnx(path: Path, table: pa.Table) -> dict[str, Any]:
    """The outputs of a graph that is given columns: NaN for no number, '' for no text."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path.read_bytes())
    given = {}
    for one in session.get_inputs():
        values = table.column(one.name).to_pylist()
        is_text = "string" in one.type
        made = [("" if v is None else str(v)) if is_text else v for v in values]
        given[one.name] = np.array(made, dtype=object if is_text else float).reshape(-1, 1)
    names = [one.name for one in session.get_outputs()]
    found = dict(zip(names, session.run(names, given), strict=True))
    classes = session.get_modelmeta().custom_metadata_map.get("sqlml.classes", "[]")
    chances = [name for name in names if name.endswith("_proba")]
    for place, value in enumerate(json.loads(classes) if chances else ()):
        (name,) = chances
        found[f"{name}_{str(value).lower()}"] = found[name][:, place]
    return found


def assert_said(ours: Any, theirs: pa.ChunkedArray) -> None:
    expected = theirs.to_pylist()[: len(ours)]
    if isinstance(expected[0], float):
        np.testing.assert_allclose(np.array(ours), expected, rtol=1e-6, atol=1e-6)
    else:
        assert [str(one).lower() for one in ours] == [str(one).lower() for one in expected]


@pytest.mark.parametrize("name", MODELS)
def test_pmml_and_onnx_say_what_predict_says(rows: Any, tmp_path: Path, name: str) -> None:
    estimator, parameters, features, label = MODELS[name]
    export = trained(rows, estimator, features, label, **parameters)
    # a category that training did not see
    rows.connection.execute("UPDATE rows_ SET c = 'new' WHERE id % 11 = 3")
    probable = export.bundle.estimator.probabilities(export.bundle.pipeline.nothing()) is not None
    given = "SELECT id, a, b, c, wide, f, d, e FROM rows_"
    theirs = rows.predict(given, label, probability=probable).sort_by("id")
    added = [one for one in theirs.column_names if one.startswith(f"{label}_proba_")]
    assert bool(added) == probable
    table = rows.table(f"{given} ORDER BY id")
    read = Reader(write(export, "pmml", tmp_path / "m.pmml"))
    by_pmml = [read(row) for row in table.slice(0, 40).to_pylist()]
    by_onnx = run_onnx(write(export, "onnx", tmp_path / "m.onnx"), table)
    for column_name in (label, *added):
        of_pmml = "" if column_name == label else column_name
        assert_said([row[of_pmml] for row in by_pmml], theirs.column(column_name))
        assert_said(by_onnx[column_name], theirs.column(column_name))


CONVERTED = {
    "sklearn.neural_network.MLPClassifier": ({"max_iter": 9}, (*FULL, vocabulary("c")), "three"),
    "sklearn.naive_bayes.GaussianNB": ({}, (IMPUTED, B), "f"),
    "sklearn.ensemble.AdaBoostRegressor": ({"n_estimators": 4}, FULL, "y"),
    "sklearn.svm.SVR": ({}, FULL, "y"),
    "sklearn.cluster.KMeans": ({"n_clusters": 3}, (CROSSED, B), ""),
    "sklearn.decomposition.PCA": ({"n_components": 2}, FULL, ""),
}


@pytest.mark.parametrize("estimator", CONVERTED)
def test_preprocessing_stands_before_what_is_converted(
    rows: Any, tmp_path: Path, estimator: str
) -> None:
    parameters, features, label = CONVERTED[estimator]
    export = trained(rows, estimator, features, label, **parameters)
    probable = label in ("three", "f")
    given = "SELECT id, a, b, c, f FROM rows_"
    predicted = label or "prediction"
    theirs = rows.predict(given, predicted, probability=probable).sort_by("id")
    found = run_onnx(write(export, "onnx", tmp_path / "m.onnx"), rows.table(f"{given} ORDER BY id"))
    if "PCA" in estimator:
        both = (theirs.column(f"prediction_{place}").to_numpy() for place in (1, 2))
        np.testing.assert_allclose(found["prediction"], np.column_stack(list(both)), atol=1e-9)
        return
    added = [one for one in theirs.column_names if one.startswith(f"{label}_proba_")]
    assert bool(added) == probable
    for column_name in (predicted, *added):
        assert_said(found[column_name], theirs.column(column_name))


def test_several_labels_are_outputs_of_one_graph(rows: Any, tmp_path: Path) -> None:
    rows.train("xgboost.gbtree", "SELECT b, y, y / 2 AS half FROM rows_", ("y", "half"))
    export = Export("m@1", rows.model("m@1"))
    theirs = rows.predict("SELECT id, b FROM rows_", "y").sort_by("id")
    found = run_onnx(write(export, "onnx", tmp_path / "m.onnx"), rows.table("FROM rows_"))
    for name in ("y", "half"):
        assert_said(found[name], theirs.column(name))
    with pytest.raises(StepError, match="a model with several labels cannot be written as PMML"):
        write(export, "pmml", tmp_path / "m.pmml")


def test_a_value_that_predict_refuses_is_invalid(rows: Any, tmp_path: Path) -> None:
    features = (A, {"function": "LOG", "of": E}, IDS)
    rows.connection.execute("UPDATE rows_ SET a = 1.5 WHERE a IS NULL OR isnan(a)")
    export = trained(rows, "sklearn.ensemble.GradientBoostingClassifier", features, "two")
    read = Reader(write(export, "pmml", tmp_path / "m.pmml"))
    good = {"a": 1.0, "b": 3, "e": 2}
    assert read(good)[""] in ("yes", "no")
    for wrong in ({"a": None}, {"a": math.nan}, {"b": 97}, {"e": 0}):
        with pytest.raises(ValueError, match=r"is missing|is invalid"):
            read(good | wrong)


def test_the_parts_of_dates_are_those_that_arrow_knows() -> None:
    rng = np.random.default_rng(0)
    seconds = np.concatenate(
        [
            rng.integers(-2 * 10**10, 2 * 10**10, 5_000),
            np.arange(-400, 20_000) * 86_400,
            np.arange(-11_000, -10_000) * 86_400 - 1,
        ]
    ).astype(np.float64)
    times = pa.array(seconds * 1e6, pa.int64()).cast(pa.timestamp("us"))
    feature = DateParts(ColumnReference("t", "TIMESTAMP"), tuple(PARTS))
    theirs = feature.apply(Columns(pa.record_batch([times], names=["t"])), Encoding())
    apply = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "floor": np.floor}

    @cache
    def value(term: Term | float) -> Any:
        if not isinstance(term, Term):
            return term
        return seconds if term.operator == "given" else apply[term.operator](*map(value, term.of))

    for place, (part, term) in enumerate(PARTS.items()):
        np.testing.assert_array_equal(value(term), theirs[:, place], err_msg=part)


def test_dates_are_seconds_for_onnx_and_dates_for_pmml(rows: Any, tmp_path: Path) -> None:
    rows.connection.execute(
        "CREATE OR REPLACE TABLE rows_ AS SELECT i AS id, sin(i) AS y,"
        " DATE '1999-12-20' + (i * 37)::INTEGER AS d,"
        " TIMESTAMP '1969-12-30 22:10:59' + i * INTERVAL 100001 SECONDS AS s,"
        " TIME '00:00:01' + i * INTERVAL 1001 SECONDS AS t FROM range(80) r(i)"
    )
    kinds = {"d": "DATE", "s": "TIMESTAMP", "t": "TIME"}
    parts = {"d": tuple(PARTS)[:8], "s": tuple(PARTS), "t": tuple(PARTS)[8:]}
    features = [
        {"function": "DATE_PARTS", "column": {"column": n, "type": kinds[n]}, "parts": parts[n]}
        for n in kinds
    ]
    export = trained(rows, "sklearn.tree.DecisionTreeRegressor", features, "y")
    given = "SELECT id, d, s, t FROM rows_"
    theirs = rows.predict(given, "y").sort_by("id").column("y")
    read = Reader(write(export, "pmml", tmp_path / "m.pmml"))
    assert_said([read(row)[""] for row in rows.table(f"{given} ORDER BY id").to_pylist()], theirs)
    seconds = "SELECT epoch(d) AS d, epoch(s) AS s, epoch(t) AS t FROM rows_ ORDER BY id"
    assert_said(
        run_onnx(write(export, "onnx", tmp_path / "m.onnx"), rows.table(seconds))["y"], theirs
    )


NEIGHBORS = {
    "sklearn.neighbors.KNeighborsRegressor": (
        {},
        {"weights": "distance", "n_neighbors": 7},
        {"p": 1, "weights": "distance"},
        {"metric": "minkowski", "p": 3},
        {"metric": "cosine"},
    ),
    "sklearn.neighbors.KNeighborsClassifier": ({}, {"weights": "distance", "p": 1.5}),
}


@pytest.mark.parametrize("estimator", NEIGHBORS)
def test_neighbors_are_found_as_predict_finds_them(
    rows: Any, tmp_path: Path, estimator: str
) -> None:
    rows.connection.execute(  # no two rows are equally far from any other
        "UPDATE rows_ SET a = sin(id * 1.3) + 1e-3 * id"
    )
    features = (A, {"function": "STANDARDIZE", "of": B}, {"function": "LOG", "of": E})
    label = "three" if estimator.endswith("Classifier") else "y"
    for version, parameters in enumerate(NEIGHBORS[estimator], 1):
        trained(rows, estimator, features, label, **parameters)
        rows.connection.execute("UPDATE rows_ SET a = a + 0.01 WHERE id % 2 = 0")
        export = Export(f"m@{version}", rows.model(f"m@{version}"))
        found = run_onnx(
            write(export, "onnx", tmp_path / f"{version}.onnx"),
            rows.table("FROM rows_ ORDER BY id"),
        )
        is_probable = label == "three"
        theirs = rows.predict(
            "SELECT id, a, b, e FROM rows_", label, probability=is_probable, model=f"m@{version}"
        ).sort_by("id")
        for name in [label, *(f"three_proba_{n}" for n in (1, 2, 3) if is_probable)]:
            assert_said(found[name], theirs.column(name))
    trained(rows, estimator, features, label, weights="distance", metric="cosine")
    export = Export(f"m@{version + 1}", rows.model(f"m@{version + 1}"))
    with pytest.raises(StepError, match="cannot be written as ONNX") as caught:
        write(export, "onnx", tmp_path / "m.onnx")
    assert "weights by such a distance" in caught.value.diagnostics[0].hint


@pytest.mark.parametrize("format_name", ["pmml", "onnx"])
@pytest.mark.parametrize(
    ("features", "message"),
    [
        (
            ({"function": "DATE_PARTS", "column": column("d"), "parts": ("day",)}, vocabulary("d")),
            "the column `d` as a text and as a ",
        ),
        (
            ({"function": "CROSS", "parts": (column("c"), column("b")), "n": 5},),
            "the feature CROSS(…) of `c×b` cannot be written",
        ),
        ((vocabulary("e"),), "a category of `e` above 2⁵³ cannot be written"),
    ],
)
def test_a_feature_that_has_no_words_is_an_error_that_says_which_have(
    rows: Any, tmp_path: Path, format_name: str, features: Any, message: str
) -> None:
    rows.connection.execute("UPDATE rows_ SET e = 9007199254740993")
    export = trained(rows, "sklearn.linear_model.Ridge", features, "y")
    assert message in refusal(export, format_name, tmp_path)


def refusal(export: Export, format_name: str, folder: Path) -> str:
    with pytest.raises(StepError) as caught:
        write(export, format_name, folder / "m")
    (fault,) = caught.value.diagnostics
    assert (fault.code, "written are" in fault.hint) == ("E0581", True), fault
    return fault.message


def test_a_model_that_has_no_words_is_an_error_that_says_which_have(
    rows: Any, tmp_path: Path
) -> None:
    export = trained(rows, "sklearn.svm.SVC", (B,), "two")
    assert "`sklearn.svm.SVC` cannot be written as PMML" in refusal(export, "pmml", tmp_path)
    rows.train("lightgbm.gbdt", "SELECT b, y FROM rows_", "y", parameters={"linear_tree": True})
    export = Export("m@2", rows.model("m@2"))
    assert "linear models in its leaves" in refusal(export, "onnx", tmp_path)
    rows.connection.execute("UPDATE rows_ SET wide = 'k' || chr(1)")
    rows.train("sklearn.linear_model.Ridge", "SELECT wide, y FROM rows_", "y")
    export = Export("m@3", rows.model("m@3"))
    assert "the text 'k\\x01' cannot be written as PMML" in refusal(export, "pmml", tmp_path)


@pytest.mark.parametrize(("format_name", "name"), [("pmml", "two_proba_no"), ("onnx", "two_proba")])
def test_an_answer_cannot_have_the_name_of_a_column(
    rows: Any, tmp_path: Path, format_name: str, name: str
) -> None:
    rows.train("lightgbm.gbdt", f"SELECT b AS {name}, two FROM rows_", "two")
    with pytest.raises(StepError, match=f"are both called `{name}` cannot be written") as caught:
        write(Export("m@1", rows.model("m@1")), format_name, tmp_path / "m")
    assert caught.value.diagnostics[0].code == "E0581"

"""Every scikit-learn estimator of the dictionary, against the library called by hand."""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from sqlml.errors import StepError
from sqlml.zoo.attributes import AttributeProblem
from sqlml.zoo.model import Batch, CountedOutputs, ExtraOutputs, FitJob
from sqlml.zoo.models.sklearn import FAMILY, dictionary
from sqlml.zoo.models.sklearn_estimator import SklearnEstimator
from sqlml.zoo.models.sklearn_trainer import SklearnTrainer

ROWS = 90
SEED = 7

generator = np.random.default_rng(3)
FEATURES = np.round(np.abs(generator.normal(1.0, 0.8, size=(ROWS, 4))), 3)
CLASSES = (FEATURES[:, 0] > 1.0).astype(np.int64) + (FEATURES[:, 1] > 1.4)
VALUES = 1.0 + FEATURES @ np.array([1.0, 2.0, 0.5, 0.2])
NEW = np.round(np.abs(generator.normal(1.0, 0.8, size=(20, 4))), 3)

# Where the library's own defaults do not suit a table of ninety rows, or take long.
SPECIAL: dict[str, dict[str, Any]] = {
    "CCA": {"n_components": 1},
    "ComplementNB": {"alpha": 0.5},
    "GaussianRandomProjection": {"n_components": 2},
    "HistGradientBoostingClassifier": {"max_iter": 10},
    "HistGradientBoostingRegressor": {"max_iter": 10},
    "KBinsDiscretizer": {"quantile_method": "averaged_inverted_cdf"},
    "LogisticRegressionCV": {"Cs": 2},
    "MDS": {"n_init": 1},
    "MLPClassifier": {"max_iter": 20},
    "MLPRegressor": {"max_iter": 20},
    "NuSVC": {"nu": 0.1},
    "PLSCanonical": {"n_components": 1},
    "QuantileTransformer": {"n_quantiles": 50},
    "RadiusNeighborsClassifier": {"radius": 5.0},
    "SparseRandomProjection": {"n_components": 2},
    "TSNE": {"max_iter": 250},
}


@dataclass
class Table:
    """A dataset held in memory."""

    matrix: Any
    label: Any = None
    weight: Any = None
    types: tuple[Any, ...] = ()
    names: tuple[str, ...] = ()
    width: int = field(init=False)

    def __post_init__(self) -> None:
        self.width = self.matrix.shape[1]
        self.names = tuple(f"x{i}" for i in range(self.width))
        self.types = self.types or ("q",) * self.width

    def __iter__(self) -> Iterator[Batch]:
        yield self.whole()

    def whole(self) -> Batch:
        return Batch(self.matrix, self.label, self.weight)


def job(name: str, table: Table, tmp_path: Path, **given: Any) -> FitJob:
    model = FAMILY.find(name)
    assert model is not None
    assert model.task is not None
    fields: dict[str, Any] = {
        "model": model.name,
        "task": model.task,
        "parameters": {},
        "settings": {},
        "train": table,
        "validation": None,
        "classes": 3 if model.task == "classification" else 0,
        "metrics": (),
        "seed": SEED,
        "threads": 1,
        "folder": tmp_path,
    }
    return FitJob(**(fields | given))


def fit(name: str, table: Table, tmp_path: Path, **given: Any) -> SklearnEstimator:
    return SklearnTrainer().fit(job(name, table, tmp_path, **given))


def reloaded(estimator: SklearnEstimator, folder: Path) -> SklearnEstimator:
    folder.mkdir(exist_ok=True)
    estimator.save(folder)
    return SklearnTrainer().load(folder)


def by_hand(path: str, **parameters: Any) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)(**parameters)


def table_for(path: str) -> Table:
    entry = dictionary()["estimators"][path]
    features = FEATURES[:, :1] if path.endswith("IsotonicRegression") else FEATURES
    if path.endswith("CategoricalNB"):
        features = np.floor(features)
    if path.rpartition(".")[2].startswith("MultiTask"):
        return Table(features, np.c_[VALUES, VALUES**2])
    label = {"classification": CLASSES, "regression": VALUES}.get(entry["task"])
    return Table(features, label)


def having(fact: str) -> list[str]:
    return [path for path, entry in dictionary()["estimators"].items() if entry.get(fact)]


@pytest.mark.parametrize("path", FAMILY.names())
def test_an_estimator_is_the_same_fitted_saved_and_loaded_as_called_by_hand(
    path: str, tmp_path: Path
) -> None:
    table = table_for(path)
    parameters = SPECIAL.get(path.rpartition(".")[2], {})
    saved = reloaded(fit(path, table, tmp_path, parameters=parameters), tmp_path / "model")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hand = by_hand(path, **parameters)
        accepted = hand.get_params()
        if "random_state" in accepted:
            hand.set_params(random_state=SEED)
        if "novelty" in accepted:
            hand.set_params(novelty=True)
        labels = () if table.label is None else (table.label,)
        if dictionary()["estimators"][path].get("memorizes"):
            hand.fit(table.matrix)
            expected = hand.embedding_ if hasattr(hand, "embedding_") else hand.labels_
        else:
            hand.fit(table.matrix, *labels)
            method = {"transformation": "transform", "density": "score_samples"}
            task = dictionary()["estimators"][path]["task"]
            expected = getattr(hand, method.get(task, "predict"))(table.matrix)
            if hasattr(expected, "toarray"):
                expected = expected.toarray()
        if hasattr(hand, "predict_proba"):
            ours = saved.probabilities(table.matrix)
            np.testing.assert_allclose(ours, hand.predict_proba(table.matrix), rtol=1e-12)
    predicted = saved.predict(table.matrix)
    np.testing.assert_allclose(predicted, expected, rtol=1e-10, atol=1e-12)
    if saved.task == "transformation":
        assert predicted.ndim == 2
    elif table.label is None or table.label.ndim == 1:
        assert predicted.shape == (ROWS,)


@pytest.mark.parametrize("path", having("missing"))
def test_missing_values_are_taken_where_the_dictionary_says_so(path: str, tmp_path: Path) -> None:
    table = table_for(path)
    table.matrix = np.where(np.arange(ROWS)[:, None] % 9 == np.arange(4), np.nan, table.matrix)
    parameters = SPECIAL.get(path.rpartition(".")[2], {})
    saved = reloaded(fit(path, table, tmp_path, parameters=parameters), tmp_path / "model")
    assert len(saved.predict(table.matrix)) == ROWS


@pytest.mark.parametrize("path", having("sparse"))
def test_sparse_rows_are_taken_where_the_dictionary_says_so(path: str, tmp_path: Path) -> None:
    table = table_for(path)
    table.matrix = scipy.sparse.csr_matrix(table.matrix)
    parameters = SPECIAL.get(path.rpartition(".")[2], {})
    saved = reloaded(fit(path, table, tmp_path, parameters=parameters), tmp_path / "model")
    assert len(saved.predict(table.matrix)) == ROWS


@pytest.mark.parametrize("path", having("multilabel"))
def test_several_labels_give_several_values(path: str, tmp_path: Path) -> None:
    table = Table(FEATURES, np.c_[VALUES, VALUES**2])
    parameters = SPECIAL.get(path.rpartition(".")[2], {})
    assert fit(path, table, tmp_path, parameters=parameters).predict(NEW).shape == (len(NEW), 2)


@pytest.mark.parametrize("path", FAMILY.names())
def test_every_default_passes_its_own_check(path: str) -> None:
    model = FAMILY.find(path)
    assert model is not None
    for name, attribute in model.parameters.items():
        entry = dictionary()["estimators"][path]["parameters"][name]
        assert attribute.doc.endswith(".")
        if "default" in entry:
            taken = attribute.check(attribute.default)
            assert taken == attribute.default
            assert type(taken) is type(attribute.default) or isinstance(taken, float)


def test_the_dictionary_is_true_of_the_installed_library() -> None:
    import sklearn

    from sqlml.zoo.models.dictionaries import generate

    written = generate.TARGET.read_text(encoding="utf-8")
    if dictionary()["version"] != sklearn.__version__:
        pytest.skip(f"sklearn.json describes {dictionary()['version']}, not {sklearn.__version__}")
    assert generate.write(generate.generate()) == written


def test_every_estimator_of_the_library_is_offered_or_refused_with_a_reason() -> None:
    import sklearn
    from sklearn.utils import all_estimators

    from sqlml.zoo.models.dictionaries.sklearn_estimators import ESTIMATORS, EXCLUDED

    if dictionary()["version"] != sklearn.__version__:
        pytest.skip(f"the lists describe scikit-learn {dictionary()['version']}")
    assert {*ESTIMATORS, *EXCLUDED} == {name for name, _ in all_estimators()}
    assert not ESTIMATORS.keys() & EXCLUDED.keys()


def test_finding_and_checking_a_model_loads_no_library() -> None:
    code = (
        "import sys; from sqlml.zoo.models.sklearn import FAMILY;"
        "FAMILY.find('KMeans').parameters['n_clusters'].check(3);"
        "assert 'sklearn' not in sys.modules and 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name",
    ["KMeans", "kmeans", "sklearn.cluster.KMeans", "SKLEARN.CLUSTER.KMEANS", "sklearn.kmeans"],
)
def test_a_model_is_found_by_path_or_short_name_in_any_case(name: str) -> None:
    model = FAMILY.find(name)
    assert model is not None
    assert model.name == "sklearn.cluster.KMeans"
    assert FAMILY.task(model, {}) == "clustering"


def test_what_is_no_estimator_is_not_found() -> None:
    assert FAMILY.find("sklearn.pipeline.Pipeline") is None
    assert FAMILY.find("sklearn.utils.KMeans") is None
    assert FAMILY.find("os.system") is None


def test_a_count_and_a_share_keep_their_meaning() -> None:
    model = FAMILY.find("RandomForestClassifier")
    assert model is not None
    max_features = model.parameters["max_features"]
    assert max_features.check(1) == 1
    assert isinstance(max_features.check(1), int)
    assert isinstance(max_features.check(1.0), float)
    assert max_features.check("SQRT") == "sqrt"
    with pytest.raises(AttributeProblem, match=r"an integer ≥ 1, a number in \(0, 1\], `log2`"):
        max_features.check(1.5)


def test_the_name_of_a_parameter_is_found_in_any_case() -> None:
    model = FAMILY.find("LogisticRegression")
    assert model is not None
    assert model.parameters["c"].name == "C"


def test_classes_that_training_has_not_seen_have_probability_0(tmp_path: Path) -> None:
    table = Table(FEATURES, np.where(CLASSES == 1, 3, CLASSES))
    given = fit("LogisticRegression", table, tmp_path, classes=4).probabilities(NEW)
    assert given is not None
    assert given.shape == (len(NEW), 4)
    assert (given[:, 1] == 0).all()
    np.testing.assert_allclose(given.sum(axis=1), 1)


def test_a_model_without_probabilities_says_so(tmp_path: Path) -> None:
    assert fit("LinearSVC", Table(FEATURES, CLASSES), tmp_path).probabilities(NEW) is None


def test_weights_of_rows_reach_the_library(tmp_path: Path) -> None:
    weight = np.linspace(0.1, 3, ROWS).astype(np.float32)
    ours = fit("Ridge", Table(FEATURES, VALUES, weight), tmp_path)
    hand = by_hand("sklearn.linear_model.Ridge").fit(FEATURES, VALUES, sample_weight=weight)
    np.testing.assert_allclose(ours.predict(NEW), hand.predict(NEW), rtol=1e-12)


def test_a_model_that_cannot_weigh_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="cannot weigh rows") as caught:
        fit("KNeighborsRegressor", Table(FEATURES, VALUES, np.ones(ROWS)), tmp_path)
    assert caught.value.diagnostics[0].code == "E0483"


@pytest.mark.parametrize("setting", ["balanced", (1.0, 5.0, 0.5)])
@pytest.mark.parametrize("name", ["LogisticRegression", "GaussianNB"])
def test_class_weights_are_the_librarys_or_weights_of_rows(
    name: str, setting: Any, tmp_path: Path
) -> None:
    from sklearn.utils.class_weight import compute_sample_weight

    ours = fit(name, Table(FEATURES, CLASSES), tmp_path, settings={"class_weight": setting})
    by_class = setting if setting == "balanced" else dict(enumerate(setting))
    weights = compute_sample_weight(by_class, CLASSES)
    hand = by_hand(ours.name).fit(FEATURES, CLASSES, sample_weight=weights)
    np.testing.assert_allclose(ours.probabilities(NEW), hand.predict_proba(NEW), atol=1e-5)


def test_class_weights_must_be_one_per_class(tmp_path: Path) -> None:
    settings = {"class_weight": (1.0, 2.0)}
    with pytest.raises(StepError, match="lists 2 weights for 3 classes"):
        fit("LogisticRegression", Table(FEATURES, CLASSES), tmp_path, settings=settings)


def test_the_seed_decides_and_random_state_overrules_it(tmp_path: Path) -> None:
    def values(**given: Any) -> Any:
        table = Table(FEATURES, VALUES)
        few = {"n_estimators": 5, **given.pop("parameters", {})}
        return fit("ExtraTreesRegressor", table, tmp_path, parameters=few, **given).predict(NEW)

    assert (values(seed=1) == values(seed=1)).all()
    assert (values(seed=1) != values(seed=2)).any()
    assert (values(seed=1, parameters={"random_state": 2}) == values(seed=2)).all()


def test_what_the_library_warns_of_is_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    table = Table(FEATURES, CLASSES)
    fit("MLPClassifier", table, tmp_path, parameters={"max_iter": 1}, note=notes.append)
    assert len(notes) == 1
    assert "hasn't converged" in notes[0]


def test_what_the_library_refuses_is_an_error_that_quotes_it(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="Negative values in data") as caught:
        fit("MultinomialNB", Table(-FEATURES, CLASSES), tmp_path)
    assert caught.value.diagnostics[0].code == "E0480"


def test_what_the_library_refuses_to_predict_is_an_error_that_quotes_it(tmp_path: Path) -> None:
    model = fit("LinearRegression", Table(FEATURES, VALUES), tmp_path)
    with pytest.raises(StepError, match="LinearRegression` cannot predict") as caught:
        model.predict(NEW[:, :1])
    assert caught.value.diagnostics[0].code == "E0482"
    assert "is expecting" in caught.value.diagnostics[0].message


def test_sparse_rows_are_taken_and_give_the_same_model(tmp_path: Path) -> None:
    sparse = Table(scipy.sparse.csr_matrix(FEATURES), CLASSES)
    dense = fit("LogisticRegression", Table(FEATURES, CLASSES), tmp_path)
    ours = reloaded(fit("LogisticRegression", sparse, tmp_path), tmp_path / "model")
    expected = dense.probabilities(NEW)
    assert expected is not None
    np.testing.assert_allclose(ours.probabilities(scipy.sparse.csr_matrix(NEW)), expected, 1e-4)


def test_histogram_boosting_takes_missing_values_and_splits_categories_natively(
    tmp_path: Path,
) -> None:
    codes = np.arange(ROWS) % 12
    features = np.c_[np.where(np.arange(ROWS) % 7 == 0, np.nan, FEATURES[:, 0]), codes]
    values = np.where(codes % 5 == 2, 10.0, 0.0)
    hand = by_hand(
        "sklearn.ensemble.HistGradientBoostingRegressor",
        max_iter=5, categorical_features=[1], random_state=SEED,
    )  # fmt: skip
    expected = hand.fit(features, values).predict(features)
    for empty in (0, 1):  # columns without a value, which the library itself refuses
        given = np.c_[features, np.full((ROWS, empty), np.nan)]
        table = Table(given.copy(), values, types=("q", "c", "q")[: given.shape[1]])
        ours = fit("HistGradientBoostingRegressor", table, tmp_path, parameters={"max_iter": 5})
        np.testing.assert_allclose(ours.predict(given), expected)


def test_too_many_categories_are_numbers_with_a_note(tmp_path: Path) -> None:
    notes: list[str] = []
    features = np.c_[FEATURES[:, 0], np.arange(ROWS) * 4.0]
    table = Table(features, VALUES, types=("q", "c"))
    parameters = {"max_iter": 2}
    name = "HistGradientBoostingRegressor"
    fit(name, table, tmp_path, parameters=parameters, note=notes.append)
    assert "`x1` has more than 255 categories" in notes[0]


@pytest.mark.parametrize(
    ("name", "counted"),
    [("RandomForestClassifier", "n_estimators"), ("HistGradientBoostingClassifier", "max_iter")],
)
def test_going_on_adds_rounds_to_an_earlier_model(name: str, counted: str, tmp_path: Path) -> None:
    table = Table(FEATURES, CLASSES)
    earlier = fit(name, table, tmp_path, parameters={counted: 4})
    earlier = reloaded(earlier, tmp_path / "model")
    later = fit(name, table, tmp_path, parameters={counted: 3}, base=earlier)
    trees = later.fitted.estimators_ if counted == "n_estimators" else later.fitted._predictors
    assert len(trees) == 7


def test_going_on_without_a_warm_start_learns_further_rows(tmp_path: Path) -> None:
    first, second = slice(0, 40), slice(40, ROWS)
    earlier = fit("GaussianNB", Table(FEATURES[first], CLASSES[first]), tmp_path)
    rest = Table(FEATURES[second], CLASSES[second])
    later = fit("GaussianNB", rest, tmp_path, base=reloaded(earlier, tmp_path / "model"))
    whole = by_hand("sklearn.naive_bayes.GaussianNB").fit(FEATURES, CLASSES)
    np.testing.assert_allclose(later.fitted.theta_, whole.theta_, rtol=1e-9)


@pytest.mark.parametrize(
    ("earlier", "later", "message"),
    [
        ("Ridge", "Lasso", "of another kind"),
        ("Ridge", "Ridge", "cannot go on from an earlier model"),
    ],
)
def test_going_on_where_it_is_not_possible_is_an_error(
    earlier: str, later: str, message: str, tmp_path: Path
) -> None:
    table = Table(FEATURES, VALUES)
    base = fit(earlier, table, tmp_path)
    with pytest.raises(StepError, match=message):
        fit(later, table, tmp_path, base=base)


def test_density_clusters_of_new_rows_are_those_of_core_rows_in_reach(tmp_path: Path) -> None:
    rows = np.r_[np.full((6, 2), 0.0), np.full((6, 2), 10.0)]
    rows += np.arange(12)[:, None] % 3 * 0.1
    ours = fit("DBSCAN", Table(rows), tmp_path, parameters={"eps": 0.5, "min_samples": 3})
    ours = reloaded(ours, tmp_path / "model")
    new = np.array([[0.2, 0.3], [10.1, 10.0], [5.0, 5.0]])
    assert ours.predict(new).tolist() == [0, 1, -1]
    assert ours.predict(rows).tolist() == ours.fitted.labels_.tolist()


def test_an_embedding_of_new_rows_is_an_error(tmp_path: Path) -> None:
    ours = fit("SpectralEmbedding", Table(FEATURES), tmp_path)
    with pytest.raises(StepError, match="20 rows that it was not trained on"):
        ours.predict(NEW)


def test_a_file_that_names_a_foreign_function_is_not_loaded(tmp_path: Path) -> None:
    import os

    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    fit("Ridge", Table(FEATURES, VALUES), tmp_path).save(tmp_path)
    skops.io.dump(FunctionTransformer(func=os.system), tmp_path / "model.skops")
    with pytest.raises(StepError, match=r"posix\.system") as caught:
        SklearnTrainer().load(tmp_path)
    assert caught.value.diagnostics[0].code == "E0485"


@pytest.mark.parametrize(
    "name", ["Ridge", "RandomForestRegressor", "HistGradientBoostingRegressor"]
)
def test_the_same_rows_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    folders = tmp_path / "first", tmp_path / "second"
    for folder in folders:
        reloaded(fit(name, Table(FEATURES, VALUES), tmp_path), folder)
    first, second = ((folder / "model.skops").read_bytes() for folder in folders)
    assert first == second


def test_nothing_of_a_saved_model_is_a_pickle(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    reloaded(fit("DBSCAN", Table(FEATURES), tmp_path), folder)
    assert sorted(f.name for f in folder.iterdir()) == ["model.skops", "rows.npz", "sklearn.json"]
    reloaded(fit("SVR", Table(FEATURES, VALUES), tmp_path), tmp_path / "other")
    names = sorted(f.name for f in (tmp_path / "other").iterdir())
    assert names == ["background.npy", "model.skops", "sklearn.json"]


def test_further_outputs_are_the_librarys(tmp_path: Path) -> None:
    forest = fit("IsolationForest", Table(FEATURES), tmp_path)
    assert isinstance(forest, ExtraOutputs)
    assert forest.extra_outputs == ("score",)
    expected = forest.fitted.decision_function(NEW)
    np.testing.assert_array_equal(forest.extra("score", NEW), expected)

    means = fit("KMeans", Table(FEATURES), tmp_path)
    nearest = np.linalg.norm(NEW[:, None] - means.fitted.cluster_centers_, axis=2).min(axis=1)
    np.testing.assert_allclose(means.extra("distance", NEW), nearest)

    ridge = fit("BayesianRidge", Table(FEATURES, VALUES), tmp_path)
    assert ridge.extra_outputs == ("deviation",)
    expected = ridge.fitted.predict(NEW, return_std=True)[1]
    np.testing.assert_array_equal(ridge.extra("deviation", NEW), expected)


def test_importance_counts_splits_and_gives_gains(tmp_path: Path) -> None:
    parameters = {"n_estimators": 3, "max_depth": 2}
    table = Table(FEATURES, VALUES)
    forest = fit("RandomForestRegressor", table, tmp_path, parameters=parameters)
    trees = forest.fitted.estimators_
    for index, name in enumerate(table.names):
        splits = sum(int((tree.tree_.feature == index).sum()) for tree in trees)
        gain = forest.fitted.feature_importances_[index]
        assert forest.importance().get(name, (0, 0)) == (splits, gain)


def test_a_linear_model_has_no_split_importance(tmp_path: Path) -> None:
    assert fit("Ridge", Table(FEATURES, VALUES), tmp_path).importance() == {}


@pytest.mark.parametrize("name", ["PCA", "TSNE", "RandomTreesEmbedding"])
def test_a_transformation_knows_how_many_columns_it_gives(name: str, tmp_path: Path) -> None:
    parameters = SPECIAL.get(name, {})
    ours = fit(name, Table(FEATURES), tmp_path, parameters=parameters)
    assert isinstance(ours, CountedOutputs)
    assert ours.count_outputs() == ours.predict(FEATURES).shape[1]

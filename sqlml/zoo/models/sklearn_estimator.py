"""A fitted scikit-learn estimator: what it predicts, and how it is kept."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import Task
from sqlml.zoo.models import sklearn_files
from sqlml.zoo.models.sklearn_memory import Memory, recall

FACTS = "sklearn.json"
Kept = TypeVar("Kept", bound="SklearnEstimator")
BACKGROUND = "background.npy"


@dataclass(frozen=True, slots=True)
class SklearnEstimator:
    """A fitted estimator, and what it does not know itself.

    classes: number of classes, of which training may have seen fewer. background: some training
    rows that explanations compare with. memory: of estimators that have no rule for new rows.
    """

    name: str
    task: Task
    fitted: Any
    classes: int
    names: tuple[str, ...]
    background: NDArray[np.float64] | None = None
    memory: Memory | None = None

    def save(self, folder: Path) -> None:
        sklearn_files.save(self.fitted, folder)
        self.save_facts(folder)

    def save_facts(self, folder: Path) -> None:
        """Write all but the fitted estimator."""
        facts = {
            "name": self.name,
            "task": self.task,
            "classes": self.classes,
            "names": self.names,
        }
        (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        if self.background is not None:
            np.save(folder / BACKGROUND, self.background, allow_pickle=False)
        if self.memory is not None:
            self.memory.save(folder)

    def predict(self, matrix: Any) -> NDArray[Any]:
        if self.memory is not None:
            return self.memory.find(matrix)
        match self.task:
            case "classification" | "clustering" | "outliers":
                return np.asarray(self._call("predict", matrix)).astype(np.int64)
            case "transformation":
                columns = self._call("transform", matrix)
                dense = columns.toarray() if hasattr(columns, "toarray") else columns
                return np.asarray(dense, dtype=np.float64)
            case "density":
                return np.asarray(self._call("score_samples", matrix), dtype=np.float64)
            case _:
                return np.asarray(self._call("predict", matrix), dtype=np.float64)

    def count_outputs(self) -> int:
        """The columns of a transformation."""
        if self.memory is not None:
            return int(self.memory.results.shape[1])
        return int(self.predict(np.zeros((1, len(self.names)))).shape[1])

    def probabilities(self, matrix: Any) -> NDArray[np.float64] | None:
        if self.memory is not None or not hasattr(self.fitted, "predict_proba"):
            return None
        given = np.asarray(self._call("predict_proba", matrix), dtype=np.float64)
        if self.task != "classification" or given.shape[1] == self.classes:
            return given
        every = np.zeros((len(given), self.classes))
        every[:, self.fitted.classes_.astype(np.int64)] = given
        return every

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        from sqlml.zoo.models.shap_values import shap_values

        if self.task not in ("classification", "regression", "outliers"):
            raise StepError(
                Diagnostic(
                    "E0486",
                    f"`{self.name}` predicts no class or value that features could explain",
                    hint="`USING PermutationExplainer` or `USING PartialDependence` explains it",
                    about="model",
                )
            )
        with _quiet():
            return shap_values(self.fitted, matrix, self.background)

    def importance(self) -> Mapping[str, tuple[float, float]]:
        gains = getattr(self.fitted, "feature_importances_", None)
        if gains is None:
            return {}
        splits = _splits(self.fitted, len(self.names))
        return {
            name: (float(splits[i]), float(gains[i]))
            for i, name in enumerate(self.names)
            if gains[i] > 0
        }

    @property
    def extra_outputs(self) -> tuple[str, ...]:
        return tuple(_extras(self))

    def extra(self, name: str, matrix: Any) -> NDArray[np.float64]:
        return np.asarray(_extras(self)[name](matrix), dtype=np.float64)

    def _call(self, method: str, matrix: Any, **options: Any) -> Any:
        """Call the library; what it will not do is an error in the user's terms."""
        import joblib

        # Threads would add up a forest's trees in any order, and the last bits with it.
        threads = 1 if hasattr(self.fitted, "estimators_") else -1
        try:
            with _quiet(), joblib.parallel_config(backend="threading", n_jobs=threads):
                return getattr(self.fitted, method)(matrix, **options)
        except ValueError as error:
            raise StepError(
                Diagnostic("E0482", f"`{self.name}` cannot predict: {error}", about="using")
            ) from error


def load(folder: Path) -> SklearnEstimator:
    """The estimator saved in `folder`."""
    return load_with(SklearnEstimator, folder, lambda _name: sklearn_files.load(folder))


def load_with(kind: type[Kept], folder: Path, restored: Callable[[str], Any]) -> Kept:
    """As `load`; `restored` gives the fitted estimator of that name."""
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    background = folder / BACKGROUND
    return kind(
        facts["name"],
        facts["task"],
        restored(facts["name"]),
        facts["classes"],
        tuple(facts["names"]),
        np.load(background, allow_pickle=False) if background.exists() else None,
        recall(folder),
    )


def _extras(estimator: SklearnEstimator) -> dict[str, Callable[[Any], Any]]:
    """Further results by name: `score`, `distance`, `log_density`, `deviation`."""
    if estimator.memory is not None:
        return {}
    extras: dict[str, Callable[[Any], Any]] = {}
    fitted, call = estimator.fitted, estimator._call
    match estimator.task:
        case "outliers" | "classification" if hasattr(fitted, "decision_function"):
            extras["score"] = lambda matrix: call("decision_function", matrix)
        case "clustering" if hasattr(fitted, "transform"):
            extras["distance"] = lambda matrix: np.min(call("transform", matrix), axis=1)
        case "clustering" if hasattr(fitted, "score_samples"):
            extras["log_density"] = lambda matrix: call("score_samples", matrix)
        case "regression" if "return_std" in _arguments(fitted.predict):
            extras["deviation"] = lambda matrix: call("predict", matrix, return_std=True)[1]
    return extras


def _arguments(method: Callable[..., Any]) -> tuple[str, ...]:
    from inspect import signature

    return tuple(signature(method).parameters)


def _splits(fitted: Any, width: int) -> NDArray[np.int64]:
    """How often each feature splits a node of the estimator's trees."""
    trees = getattr(fitted, "estimators_", [fitted])
    counts = np.zeros(width, dtype=np.int64)
    for tree in np.asarray(trees, dtype=object).ravel():
        if hasattr(tree, "tree_"):
            features = tree.tree_.feature
            counts += np.bincount(features[features >= 0], minlength=width)
    return counts


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings at prediction repeat those at training, once per batch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

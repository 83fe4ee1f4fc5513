"""The contract between the step zoo and a trainer family: what a model is, fits on, and gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from sqlml.errors import Diagnostic
from sqlml.zoo.attributes import Dictionary, Value
from sqlml.zoo.library import Library
from sqlml.zoo.search import Candidate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sqlml.zoo.timeline import Timeline

Task = Literal[
    "classification",
    "regression",
    "ranking",
    "forecasting",
    "clustering",
    "transformation",
    "outliers",
    "density",
]
FeatureType = Literal["q", "c"]  # a quantity, or a category given as an integer code (NaN: missing)


@dataclass(frozen=True, slots=True)
class Part:
    """The adjacent matrix columns [start, stop) that one feature gives.

    numbers: quantities. ids: a column per category with how often, or how much, a row has it; most
    are zero. sequence: a column per place with the id there plus 1, zeros behind the last.
    dimension and the rest: of the trained vector per id that EMBEDDING asks for; 0 is none.
    target: the input of the model that the part feeds; a feature of two inputs is two parts.
    """

    name: str = ""
    start: int = 0
    stop: int = 0
    kind: Literal["numbers", "ids", "sequence"] = "numbers"
    size: int = 0  # number of ids
    dimension: int = 0
    combiner: str = "sum"
    initializer: str = ""
    target: str = ""

    @property
    def width(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class ModelType:
    """A kind of model as the planner sees it: no library is loaded to make one."""

    name: str  # canonical: `xgboost.gbtree`, `sklearn.cluster.KMeans`
    family: str  # its entry in MODELS
    task: Task | None  # None: follows from the objective and the label
    parameters: Dictionary  # `model.*`
    settings: Dictionary  # `train.*` that it understands (namespace left out)
    trainer: str  # `module:class` of its Trainer
    categories: Literal["native", "onehot"] = "onehot"
    missing: bool = False  # NULL may reach the estimator (as NaN)
    sparse: bool = False  # takes scipy CSR matrices
    multilabel: bool = False
    text_lists: bool = False  # a label may be text that lists several numbers: `1.2,3.4`
    binary: bool = False  # tells two classes apart, and no more
    inputs: tuple[str, ...] = ()  # that COLUMN … FOR can feed; empty: a single one without a name
    embeds: bool = False  # trains vectors of categories: EMBEDDING, SEQ_CATEGORY_ID
    sequential: bool = False  # learns from ids in their order: needs a feature that gives them
    dtype: Literal["float32", "float64"] = "float64"  # of dense matrices
    layout: Literal["rows", "columns"] = "rows"  # which of their numbers are adjacent in memory
    candidates: tuple[Candidate, ...] = ()  # it becomes the best of these, which a search tries
    doc: str = ""
    namespaces: Mapping[str, Dictionary] = field(
        default_factory=dict
    )  # further ones: `optimizer.*`
    unit: str = "rounds"  # what training is counted in
    revision: str = ""  # of its code, where no library's version tells
    libraries: tuple[Library, ...] = ()  # that fit and apply it, if not one called like the family
    explained_by: tuple[Library, ...] = ()  # further ones that give its contributions

    @property
    def made_with(self) -> tuple[Library, ...]:
        return self.libraries or (Library(self.family),)


class Family(Protocol):
    """A trainer family: one file in zoo/models, one entry in MODELS."""

    def names(self) -> tuple[str, ...]:
        """The canonical names of all models of the family."""
        ...

    def find(self, name: str) -> ModelType | None:
        """The model of that name, any case, aliases included."""
        ...

    def task(self, model: ModelType, parameters: Mapping[str, Value]) -> Task | None:
        """The task that the model's parameters ask for; None where the label decides."""
        ...


@runtime_checkable
class ChecksParameters(Protocol):
    """A family that knows more of parameters than the type and range of each."""

    def check(self, model: ModelType, parameters: Mapping[str, Value]) -> Iterator[Diagnostic]:
        """What is wrong with a model and its parameters before any row is read.

        Parameters of further namespaces are named with theirs: `optimizer.momentum`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows ready for a library.

    matrix: float32 or float64 (rows, width), NaN for missing, or scipy CSR. label: (rows,) class
    index, or float; (rows, outputs) for several labels. group: query id per row, for ranking; rows
    of a group are adjacent.
    """

    matrix: Any
    label: NDArray[Any] | None = None
    weight: NDArray[np.float32] | None = None
    group: NDArray[np.int64] | None = None


class Dataset(Protocol):
    """Rows after preprocessing; may be iterated again and again, in bounded memory."""

    @property
    def width(self) -> int: ...

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def types(self) -> tuple[FeatureType, ...]: ...

    def __iter__(self) -> Iterator[Batch]: ...

    def whole(self) -> Batch:
        """All rows in one batch, for libraries that cannot stream."""
        ...


@dataclass(frozen=True, slots=True)
class FitJob:
    """All that a trainer needs to know.

    report: is told after each round its number, how many there will be, and what was measured.
    advance: may be told how far a long round is, of how much (0: unknown), in which unit.
    """

    model: str
    task: Task
    parameters: Mapping[str, Value]
    settings: Mapping[str, Value]  # num_boost_round, early_stopping_rounds, disk_cache …
    train: Dataset
    validation: Dataset | None
    classes: int  # number of classes; 0 when not a classification
    metrics: tuple[str, ...]
    seed: int
    threads: int
    folder: Path  # scratch
    base: Estimator | None = None  # continue from this one
    class_counts: tuple[int, ...] = ()  # training rows of each class
    labels: int = 1  # how many there are
    rows: int = 0  # to train on; 0 where nobody knows
    parts: tuple[Part, ...] = ()  # what the matrix is made of; empty: numbers
    timeline: Timeline | None = None  # of a forecast
    report: Callable[[int, int, Mapping[str, float]], None] = field(
        default=lambda _done, _total, _values: None
    )
    advance: Callable[[int, int, str], None] = field(default=lambda _done, _total, _unit: None)
    note: Callable[[str], None] = field(default=lambda _message: None)


class Trainer(Protocol):
    """Fits one family's models."""

    def fit(self, job: FitJob) -> Estimator: ...

    def load(self, folder: Path) -> Estimator:
        """The estimator saved in `folder`."""
        ...


class Estimator(Protocol):
    """A fitted model. All matrices as in Batch."""

    task: Task

    def save(self, folder: Path) -> None:
        """Write the model in its library's own safe format."""
        ...

    def predict(self, matrix: Any) -> NDArray[Any]:
        """Class indices, values, cluster numbers or scores: shape (rows,).

        For transformations and several labels, shape (rows, outputs).
        """
        ...

    def probabilities(self, matrix: Any) -> NDArray[np.float64] | None:
        """Class probabilities, shape (rows, classes), or None when the model has none."""
        ...

    def contributions(self, matrix: Any) -> NDArray[np.float64]:
        """SHAP values, shape (outputs, rows, width + 1); the last column is the expected value."""
        ...

    def importance(self) -> Mapping[str, tuple[float, float]]:
        """Feature name to (times used in a split, mean gain); empty when there is no such thing."""
        ...


@runtime_checkable
class Likeliest(Protocol):
    """An estimator that predicts the class of the largest probability: one pass gives both."""

    predicts_likeliest: bool


@runtime_checkable
class ExtraOutputs(Protocol):
    """An estimator with further results for `predict.extra_outputs`, such as an outlier's score."""

    extra_outputs: tuple[str, ...]

    def extra(self, name: str, matrix: Any) -> NDArray[np.float64]:
        """The further result of that name: shape (rows,) or (rows, columns)."""
        ...


@runtime_checkable
class CountedOutputs(Protocol):
    """A transformation that knows how many columns it gives without being tried on a row."""

    def count_outputs(self) -> int: ...


@runtime_checkable
class Forecaster(Protocol):
    """An estimator that looks ahead; a row of its matrix is a time and, perhaps, a series' code."""

    timeline: Timeline

    def at_level(self, level: float) -> Estimator:
        """The same, with intervals that a value lies in with that probability."""
        ...

    def future(self, code: int, steps: int) -> NDArray[np.float64]:
        """The rows of the next times of a series."""
        ...

    def between(self, code: int, start: float | None, end: float) -> NDArray[np.float64]:
        """The rows of a series from a time, else the first after the training, to another."""
        ...

    def known(self, matrix: NDArray[np.float64]) -> int:
        """How many rows are of times that the model was trained on."""
        ...


@runtime_checkable
class NaiveForecast(Protocol):
    """A forecaster that knows how far off the naive forecast was: what MASE is measured by.

    naive_error: the mean absolute error of the naive forecast on the training rows.
    """

    naive_error: float

"""What both boosting libraries need to know about a job before they start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.attributes import Value
from sqlml.zoo.model import Batch, FitJob
from sqlml.zoo.models.booster_errors import refused


@dataclass(frozen=True, slots=True)
class Objectives:
    """A library's objectives for each task; `two_classes` lists all that know two classes only."""

    classes: str
    binary: str
    regression: str
    ranking: str
    two_classes: tuple[str, ...]
    many_classes: tuple[str, ...]


def choose_objective(job: FitJob, known: Objectives) -> str:
    """The objective that was given, or the one for the task and the number of classes.

    Raises:
        StepError: E0461, it does not fit the number of classes.
    """
    given = job.parameters.get("objective")
    if not isinstance(given, str):
        match job.task:
            case "classification":
                wants_many = job.classes > 2 or _integer(job.parameters.get("num_class")) > 2
                return known.classes if wants_many else known.binary
            case "ranking":
                return known.ranking
            case _:
                return known.regression
    if given in known.two_classes and job.classes > 2:
        raise refused(
            "E0461",
            f"`{given}` knows two classes, but the label has {job.classes}",
            "attribute objective",
            hint=f"write `objective = '{known.classes}'`, or leave `objective` out",
        )
    return given


def number_of_classes(job: FitJob) -> int:
    """How many classes to train: as many as the label has, and at least two.

    Raises:
        StepError: E0461, the user gave a smaller number.
    """
    given = job.parameters.get("num_class")
    if isinstance(given, int) and 0 < given < job.classes:
        raise refused(
            "E0461",
            f"`num_class = {given}`, but the label has {job.classes} classes",
            "attribute num_class",
            hint="leave `num_class` out: classes are counted",
        )
    return max(job.classes, 2)


def rounds_of(job: FitJob, default: int) -> int:
    return _integer(job.settings.get("num_boost_round")) or default


def patience_of(job: FitJob) -> int:
    """After how many rounds without a better score training stops; 0 is never."""
    return _integer(job.settings.get("early_stopping_rounds"))


def threads_of(job: FitJob, name: str) -> int:
    """The step's threads, or fewer if the parameter `name` says so."""
    given = _integer(job.parameters.get(name))
    return min(given, job.threads) if given > 0 else job.threads


def seed_of(job: FitJob) -> int:
    given = job.parameters.get("seed")
    return given if isinstance(given, int) else job.seed


def is_measured(job: FitJob, metric: str) -> bool:
    """Whether rounds are measured: measuring takes time, so only for who asked in some way."""
    asked = (job.validation, patience_of(job), job.settings.get("verbose"))
    return any(asked) or bool(job.parameters.get(metric))


def check_group(job: FitJob, batch: Batch) -> None:
    """Ranking needs to know which rows belong together.

    Raises:
        StepError: E0464, there is no group.
    """
    if job.task == "ranking" and batch.group is None:
        raise refused(
            "E0464",
            "ranking compares the rows of a group, but there are no groups",
            "model",
            hint="write `train.group = column` with the column that tells the groups apart",
        )


@dataclass(frozen=True, slots=True)
class Nature:
    """What must not change when training goes on from an earlier model."""

    kind: str
    objective: str
    classes: int
    features: tuple[str, ...]


def check_base(base: Nature | None, new: Nature) -> None:
    """An earlier model can be continued as what it is only; None is a model of another library.

    Raises:
        StepError: E0465, it is something else.
    """
    if base == new:
        return
    reason = "it is another kind of model"
    if base is not None:
        part = next(p for p in Nature.__slots__ if getattr(base, p) != getattr(new, p))
        before, now = getattr(base, part), getattr(new, part)
        if part == "features":
            before, now = _first_difference(before, now)
        reason = f"its {part}: {before}, not {now}"
    raise refused(
        "E0465",
        f"the earlier model cannot be continued: {reason}",
        "using",
        hint="continue it with the same model, objective, features and classes",
    )


def _first_difference(before: Sequence[str], now: Sequence[str]) -> tuple[str, str]:
    pairs = zip(before, now, strict=False)
    number = (f"{len(before)} of them", f"{len(now)}")
    return next(((f"`{old}`", f"`{new}`") for old, new in pairs if old != new), number)


@dataclass(slots=True)
class RowFacts:
    """What is said about rows besides their features, collected batch by batch."""

    labels: list[NDArray[np.float32]] = field(default_factory=list)
    weights: list[NDArray[np.float32]] = field(default_factory=list)
    groups: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        if batch.label is not None:
            self.labels.append(np.asarray(batch.label, dtype=np.float32))
        if batch.weight is not None:
            self.weights.append(batch.weight)
        if batch.group is not None:
            self.groups.append(batch.group)

    @property
    def label(self) -> NDArray[np.float32] | None:
        return np.concatenate(self.labels) if self.labels else None

    @property
    def weight(self) -> NDArray[np.float32] | None:
        return np.concatenate(self.weights) if self.weights else None

    @property
    def group_starts(self) -> NDArray[np.int64]:
        """Where each group begins; rows of a group are adjacent."""
        groups = np.concatenate(self.groups)
        return np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))

    @property
    def group_sizes(self) -> NDArray[np.int64]:
        rows = sum(len(part) for part in self.groups)
        return np.diff(self.group_starts, append=rows)


def constraint_indices(value: Value, names: Sequence[str], parameter: str) -> Value:
    """Groups of features by name or number as groups of numbers.

    Raises:
        StepError: E0466, a name is no feature.
    """
    if not isinstance(value, tuple):
        return value
    by_name: Mapping[str, int] = {name: index for index, name in enumerate(names)}
    groups = value if all(isinstance(group, tuple) for group in value) else (value,)
    return tuple(
        tuple(_index(item, by_name, parameter) for item in group)
        for group in groups
        if isinstance(group, tuple)
    )


def _index(item: Value, by_name: Mapping[str, int], parameter: str) -> int:
    if isinstance(item, int):
        return item
    if isinstance(item, str) and item in by_name:
        return by_name[item]
    raise refused(
        "E0466",
        f"`{parameter}` names `{item}`, which is no feature",
        f"attribute {parameter}",
        hint=f"features: {', '.join(list(by_name)[:10])}",
    )


def _integer(value: Value) -> int:
    return value if isinstance(value, int) else 0

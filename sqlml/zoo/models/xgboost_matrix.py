"""Rows in the forms that XGBoost trains on, without holding more of them than it needs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sqlml.zoo.model import Batch, Dataset, FitJob
from sqlml.zoo.models.booster_errors import refused
from sqlml.zoo.models.booster_job import RowFacts, check_group
from sqlml.zoo.models.feature_names import safe_names
from sqlml.zoo.models.lean_import import import_lean
from sqlml.zoo.models.replay import Replay

xgboost = import_lean("xgboost")

FORBIDDEN = re.compile(r"[\[\]<]")
TALL = 4096  # rows, from which a column is worth the time that handing it over alone takes


@dataclass(frozen=True, slots=True)
class Form:
    """How the rows of a job are held.

    quantized: only the bin of each value is kept, a byte or two, while rows stream by. cached: on
    disk. survival: the label is a time, or the two ends of an interval.
    """

    quantized: bool
    cached: bool
    survival: bool
    max_bin: int
    threads: int


def build(dataset: Dataset, job: FitJob, form: Form, reference: Any = None) -> Any:
    """A DMatrix of the dataset; `reference` is the training rows' when these validate.

    Raises:
        StepError: ranking without groups.
    """
    if not (form.quantized or form.cached):
        return _whole(dataset, job, form)
    prefix = job.folder / ("rows" if reference is None else "validation_rows")
    batches = _Batches(dataset, job, form, prefix if form.cached else None)
    options = {"nthread": form.threads, "enable_categorical": True}
    if not form.quantized:
        matrix = xgboost.DMatrix(batches, **options)
    else:
        kind = xgboost.ExtMemQuantileDMatrix if form.cached else xgboost.QuantileDMatrix
        matrix = kind(batches, max_bin=form.max_bin, ref=reference, **options)
    return _grouped(matrix, batches.facts)


def check_categories(dataset: Dataset, tree_method: str) -> None:
    """Exact trees know no categories.

    Raises:
        StepError: E0463, naming the first feature that is one.
    """
    if "c" in dataset.types:
        name = dataset.names[dataset.types.index("c")]
        raise refused(
            "E0463",
            f"`{name}` is a category, which `tree_method = '{tree_method}'` cannot split",
            "attribute tree_method",
            hint=f"use `tree_method = 'hist'`, or `COLUMN INDICATOR({name})`",
        )


class _Batches(xgboost.DataIter):  # type: ignore[misc, name-defined]
    """Feeds XGBoost one batch at a time; it asks for all of them four times.

    XGBoost reads columns faster than rows: an Arrow table of 1,000,000 × 28 takes 2.7 s where the
    same numbers in a row-major array take 3.3 s. Where columns are short and many, it is not so.
    """

    def __init__(self, dataset: Dataset, job: FitJob, form: Form, prefix: Path | None) -> None:
        self.facts = RowFacts()
        self._job = job
        self._survival = form.survival
        self._names = safe_names(dataset.names, FORBIDDEN)
        self._types = list(dataset.types)
        self._replay = Replay(dataset, _by_columns, job.folder)
        self._batches: Iterator[Batch] = iter(())
        self._passes = 0
        super().__init__(cache_prefix=None if prefix is None else str(prefix))

    def reset(self) -> None:
        self._batches = iter(self._replay)
        self._passes += 1

    def next(self, input_data: Any) -> bool:
        batch = next(self._batches, None)
        if batch is None:
            return False
        if self._job.task == "ranking":
            check_group(self._job, batch)
            if self._passes == 1:
                self.facts.add(batch)
        input_data(
            data=_as_table(batch.matrix, self._names),
            feature_names=self._names,
            feature_types=self._types,
            weight=batch.weight,
            **_label(batch, self._survival),
        )
        return True


def _whole(dataset: Dataset, job: FitJob, form: Form) -> Any:
    batch = dataset.whole()
    facts = RowFacts()
    if job.task == "ranking":
        check_group(job, batch)
        facts.add(batch)
    matrix = xgboost.DMatrix(
        batch.matrix,
        weight=None if facts.groups else batch.weight,
        feature_names=safe_names(dataset.names, FORBIDDEN),
        feature_types=list(dataset.types),
        enable_categorical=True,
        nthread=form.threads,
        **_label(batch, form.survival),
    )
    return _grouped(matrix, facts)


def _grouped(matrix: Any, facts: RowFacts) -> Any:
    """In ranking, groups have sizes and weights; a group's weight is its first row's.

    They are set on the finished matrix, since a group may begin in one batch and end in another.
    """
    if facts.groups:
        matrix.set_info(group=facts.group_sizes)
        if facts.weight is not None:
            matrix.set_info(weight=facts.weight[facts.group_starts])
    return matrix


def _label(batch: Batch, survival: bool) -> dict[str, NDArray[Any] | None]:
    label = batch.label
    if not survival or label is None:
        return {"label": label}
    ends = label if label.ndim == 2 else np.column_stack((label, label))
    return {"label_lower_bound": ends[:, 0], "label_upper_bound": ends[:, -1]}


def _by_columns(matrix: Any) -> Any:
    return np.asfortranarray(matrix) if isinstance(matrix, np.ndarray) else matrix


def _as_table(matrix: Any, names: list[str]) -> Any:
    """A tall dense matrix as an Arrow table of its columns, without a copy."""
    if not isinstance(matrix, np.ndarray) or len(matrix) < TALL:
        return matrix
    return pa.Table.from_arrays([pa.array(column) for column in matrix.T], names)

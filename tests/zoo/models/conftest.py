"""Rows held in memory, in place of a query's, for trainers under test."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sqlml.zoo.model import Batch, FeatureType, FitJob


@dataclass
class MemoryDataset:
    """See zoo.model.Dataset; gives batches of `size` rows and counts how often it is read."""

    matrix: Any
    label: Any = None
    weight: Any = None
    group: Any = None
    names: tuple[str, ...] = ()
    types: tuple[FeatureType, ...] = ()
    size: int = 170
    passes: int = 0
    wholes: int = 0

    def __post_init__(self) -> None:
        self.width = self.matrix.shape[1]
        self.names = self.names or tuple(f"x{i}" for i in range(self.width))
        self.types = self.types or ("q",) * self.width

    def __iter__(self) -> Iterator[Batch]:
        self.passes += 1
        for start in range(0, self.matrix.shape[0], self.size):
            part = slice(start, start + self.size)
            yield Batch(
                self.matrix[part],
                *(None if v is None else v[part] for v in (self.label, self.weight, self.group)),
            )

    def whole(self) -> Batch:
        self.wholes += 1
        return Batch(self.matrix, self.label, self.weight, self.group)


@pytest.fixture(scope="session")
def dataset() -> type[MemoryDataset]:
    return MemoryDataset


@pytest.fixture(scope="session")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Fit a model of a trainer: `fit(trainer, model, train, task, parameters, …)`."""

    def run(
        trainer: Any,
        model: str,
        train: Any,
        task: str = "regression",
        parameters: dict[str, Any] | None = None,
        *,
        settings: dict[str, Any] | None = None,
        **others: Any,
    ) -> Any:
        classes = int(train.label.max()) + 1 if task == "classification" else 0
        fields = {"validation": None, "metrics": (), "seed": 0, "threads": 2, **others}
        return trainer.fit(
            FitJob(
                model=model,
                task=task,  # type: ignore[arg-type]
                parameters=parameters or {},
                settings=settings or {},
                train=train,
                classes=classes,
                folder=tmp_path_factory.mktemp("fit"),
                **fields,
            )
        )

    return run

"""A model as a plain script has it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlml.codegen.python.features.block import Block
from sqlml.codegen.python.layout import call, literal
from sqlml.workflow.ir import Train
from sqlml.zoo.bundle import model_type
from sqlml.zoo.model import ModelType, Task

UNLABELLED = ("clustering", "outliers", "density", "transformation")


@dataclass(frozen=True, slots=True)
class Held:
    """Rows that are not trained on. share: of those given; else they are those of a query."""

    share: float = 0.0
    query: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """name: of its variable. task: None where the label decides it. held: whether rows are."""

    name: str
    train: Train
    task: Task | None
    features: Sequence[Block]
    held: Held | None

    @property
    def known(self) -> ModelType:
        return model_type(self.train.estimator)

    @property
    def column(self) -> str:
        """The label's; empty where there is none."""
        return self.train.label[0] if self.train.label else ""

    @property
    def label(self) -> str:
        """The variable that holds the label."""
        return f"{self.name}_label"

    @property
    def is_decided_late(self) -> bool:
        """Whether the label says at the training what is learnt of it."""
        return self.task is None

    @property
    def seed(self) -> int:
        seed = self.train.settings.get("seed")
        return seed if isinstance(seed, int) else 0

    @property
    def weights(self) -> str:
        """A weight for each of `rows`; empty where there are none."""
        column = self.train.settings.get("weight")
        return call("number", "rows", literal(column)) if column else ""

    @property
    def partition(self) -> tuple[str, ...]:
        """The columns whose values have a model each."""
        names: Any = self.train.settings.get("partition_by") or ()
        return tuple(names)

    @property
    def kinds(self) -> str:
        """Which columns are categories, `c`, and which quantities, `q`; empty if all are these."""
        if not any(block.is_code for block in self.features):
            return ""
        return f"[{', '.join(map(_kinds, self.features))}]"

    def matrix(self, rows: str = "rows") -> str:
        return f"{self.name}_features({rows})"


def _kinds(block: Block) -> str:
    kind = '"c"' if block.is_code else '"q"'
    if block.width == "1":
        return kind
    is_one_word = block.width.isidentifier() or block.width.isdigit()
    return f"*[{kind}] * {block.width if is_one_word else f'({block.width})'}"


class Family(Protocol):
    """How the models of a library are written. The texts are Python."""

    def refusals(self, model: Model) -> Iterator[str]:
        """Why it cannot be written."""
        ...

    def imports(self, model: Model) -> Iterator[str]:
        """Lines that the script needs, besides those of the library's usual names."""
        ...

    def matrix(self, model: Model) -> Iterator[str]:
        """The lines of the function that makes the model's input of `rows`."""
        ...

    def fit(self, model: Model) -> Iterator[str]:
        """From `matrix` and `label`, and `held_matrix` and `held_label` where rows are held back,
        to a variable of the model's name."""
        ...

    def predicted(self, model: Model, matrix: str) -> str:
        """Places of classes, numbers of clusters, or values."""
        ...

    def chances(self, model: Model, matrix: str) -> str:
        """Probabilities of the classes; empty where it gives none."""
        ...

    def extra(self, model: Model, name: str, matrix: str) -> str:
        """A further output; empty where it has none of that name."""
        ...

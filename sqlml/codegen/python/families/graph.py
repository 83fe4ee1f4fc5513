"""Networks on graphs in a plain script: NumPy and SciPy."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.python.families.tabular import Tabular
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.zoo.models.graph import PARAMETERS


class Graph(Tabular):
    """See model.Family."""

    def refusals(self, model: Model) -> Iterator[str]:
        yield from ()

    def imports(self, model: Model) -> Iterator[str]:
        yield from ()

    def fit(self, model: Model) -> Iterator[str]:
        parameters: Any = model.train.parameters
        given: Mapping[str, Any] = PARAMETERS.filled(parameters)
        told = {
            "classes": f"len({model.label}.classes)",
            "widths": literal([given["nhid"]] * (given["nlayer"] - 1)),
            "shares": literal([given["train_ratio"], given["eval_ratio"]]),
            "seed": str(model.seed),
        }
        yield f"{model.name} = {call('GraphNetwork', 'matrix', 'label', **told)}"
        how = {
            "epochs": literal(given["epochs"]),
            "rate": literal(given["learning_rate"]),
            "dropout": literal(given["dropout"]),
            "decay": literal(given["weight_decay"]),
            "seed": str(model.seed),
        }
        yield call(f"{model.name}.fit", **how)

    def predicted(self, model: Model, matrix: str) -> str:
        return f"{self.chances(model, matrix)}.argmax(axis=1)"

    def chances(self, model: Model, matrix: str) -> str:
        return f"{model.name}.chances({matrix})"

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return ""


FAMILY = Graph()

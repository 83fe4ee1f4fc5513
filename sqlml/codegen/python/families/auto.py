"""The best of several kinds of models, which is known only when the script has searched."""

from collections.abc import Iterator

from sqlml.codegen.python.model import Model


class Auto:
    """See model.Family. What it fits is in `operators/search.py`: one function a candidate."""

    def refusals(self, model: Model) -> Iterator[str]:
        yield from ()

    def imports(self, model: Model) -> Iterator[str]:
        yield from ()

    def matrix(self, model: Model) -> Iterator[str]:
        yield from ()

    def fit(self, model: Model) -> Iterator[str]:
        yield from ()

    def predicted(self, model: Model, matrix: str) -> str:
        return f"{model.name}.predicted({matrix})"

    def chances(self, model: Model, matrix: str) -> str:
        return f"{model.name}.chances({matrix})" if model.task == "classification" else ""

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return ""


FAMILY = Auto()

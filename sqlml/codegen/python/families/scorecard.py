"""Score cards in a plain script: bins, their weights of evidence, and scikit-learn."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.python.families.tabular import Tabular
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.zoo.models.scorecard import PARAMETERS


class ScoreCard(Tabular):
    """See model.Family."""

    def refusals(self, model: Model) -> Iterator[str]:
        yield from ()

    def imports(self, model: Model) -> Iterator[str]:
        yield from ()

    def fit(self, model: Model) -> Iterator[str]:
        given = _given(model)
        yield f"good = label == {_good(model)}"
        yield f"kinds = {model.kinds or _QUANTITIES}"
        most, least = literal(given["bins"]), literal(given["min_share"])
        told = ["quantile_bins", most]
        if given["binning"] == "tree":
            told = ["tree_bins", most, "good", least, str(model.seed)]
        yield f"bins = {call('bins_of', 'matrix', 'kinds', *told)}"
        scale = tuple(given[name] for name in ("pdo", "base_score", "base_odds"))
        named = {"smoothing": literal(given["smoothing"]), "scale": repr(scale)}
        if model.weights:
            named["weights"] = model.weights
        if given["C"] is not None:
            named["C"] = literal(given["C"])
        if not given["rounded"]:
            named["rounded"] = "False"
        yield f"{model.name} = {call('ScoreCard', 'matrix', 'good', 'bins', **named)}"

    def predicted(self, model: Model, matrix: str) -> str:
        return f"{self.chances(model, matrix)}.argmax(axis=1)"

    def chances(self, model: Model, matrix: str) -> str:
        turned = "" if _good(model) else "[:, ::-1]"
        return f"{model.name}.chances({matrix}){turned}"

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return f"{model.name}.scores({matrix})" if name == "score" else ""


FAMILY = ScoreCard()
_QUANTITIES = '["q"] * matrix.shape[1]'


def points(model: Model) -> str:
    """The table of what each bin is worth; empty where it has categories without names."""
    specs: Any = model.train.features[""]
    categories = []
    for block, spec in zip(model.features, specs, strict=True):
        if block.is_code:
            if spec["function"] not in ("TEXT", "VOCABULARY"):
                return ""
            categories.append(f"{block.names}: {block.learnt[-1].partition(' = ')[0]}")
    return call(f"{model.name}.table", "names", f"{{{', '.join(categories)}}}")


def _given(model: Model) -> Mapping[str, Any]:
    given: Any = model.train.parameters
    return PARAMETERS.filled(given)


def _good(model: Model) -> int:
    """The place of the class that high scores stand for."""
    return 0 if _given(model)["good_class"] == "first" else 1

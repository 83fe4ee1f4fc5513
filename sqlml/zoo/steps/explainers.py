"""The explainers that USING can name, and what each understands."""

from collections.abc import Mapping, Sequence
from typing import Literal

from sqlml.errors import Diagnostic
from sqlml.quoting import as_written
from sqlml.zoo.features.kinds import kind_of

Explainer = Literal["shap", "gain", "permutation", "partial", "points"]

# Names by kind, the first one the usual; names of other tools that mean the same are known too.
EXPLAINERS: Mapping[Explainer, tuple[str, ...]] = {
    "shap": (
        "TreeExplainer",
        "KernelExplainer",
        "LinearExplainer",
        "BoostedTreesExplainer",
        "SHAP",
    ),
    "gain": ("GainExplainer", "XGBoostExplainer"),
    "permutation": ("PermutationExplainer", "PermutationImportance"),
    "partial": ("PartialDependence", "PartialDependenceExplainer", "PDP"),
    "points": ("Points", "ScoreCardExplainer"),
}
SETTINGS: Mapping[Explainer, tuple[str, ...]] = {
    "shap": ("plot_type", "max_display", "sort", "keys"),
    "gain": ("plot_type", "max_display", "sort", "keys"),  # SQLFlow's programs have them here too
    "permutation": ("repeats", "metric", "seed", "max_display", "sort"),
    "partial": ("features", "grid"),
    "points": (),
}
NAMES = tuple(name for names in EXPLAINERS.values() for name in names)
UNEXPLAINED_BY_SHAP = ("clustering", "transformation", "density")  # tasks
SCORE_CARD = "scorecard.ScoreCard"  # the only model that has points

_KINDS: Mapping[str, Explainer] = {
    name: kind for kind, names in EXPLAINERS.items() for name in names
}
_SPELLINGS: Mapping[str, str] = {name.casefold(): name for name in NAMES}


def spelled(name: str) -> str | None:
    """The explainer of that name as it is spelt here, from any case and with any `_`."""
    return _SPELLINGS.get(_fold(name))


def find_explainer(name: str) -> Explainer | None:
    """The kind of explainer of that name, in any case and with any `_`; SHAP where none is named.

    None where there is no such explainer.
    """
    if not name:
        return "shap"
    known = spelled(name)
    return None if known is None else _KINDS[known]


def value_type(types: Sequence[str]) -> str:
    """The type of the column `value` of PartialDependence, given the types of the features."""
    numbers = all(kind_of(one) in ("integer", "float") for one in types)
    return "DOUBLE" if numbers else "VARCHAR"


def key_and_feature(key: str) -> Diagnostic:
    """What is wrong with a key that is called like a column of SHAP values."""
    return Diagnostic(
        "E0424",
        f"`{key}` is a key and a feature: two columns would have its name",
        hint="select it once more under another name: "
        f"`{as_written(key)} AS {as_written(f'{key}_key')}`",
        about="attribute explain.keys",
    )


def _fold(name: str) -> str:
    return name.casefold().replace("_", "")

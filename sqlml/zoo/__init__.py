"""What a step can do: trainer families, steps, features."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.zoo.model import Family
    from sqlml.zoo.steps.outcome import Outcome

MODELS: "Registry[Family]" = Registry(
    "model family",
    "sqlml.models",
    "E0201",
    {
        "xgboost": "sqlml.zoo.models.xgboost:FAMILY",
        "lightgbm": "sqlml.zoo.models.lightgbm:FAMILY",
        "boosted_trees": "sqlml.zoo.models.boosted_trees:FAMILY",
        "sklearn": "sqlml.zoo.models.sklearn:FAMILY",
        "keras": "sqlml.zoo.models.keras:FAMILY",
        "graph": "sqlml.zoo.models.graph:FAMILY",
        "scorecard": "sqlml.zoo.models.scorecard:FAMILY",
        "statsmodels": "sqlml.zoo.models.statsmodels:FAMILY",
        "auto": "sqlml.zoo.models.auto:FAMILY",
        "custom": "sqlml.zoo.models.custom:FAMILY",
    },
)

STEPS: "Registry[Callable[..., Outcome]]" = Registry(
    "kind of step",
    "sqlml.steps",
    "E0801",
    {
        "query": "sqlml.zoo.steps.query:run",
        "train": "sqlml.zoo.steps.train:run",
        "trial": "sqlml.zoo.steps.trial:run",
        "predict": "sqlml.zoo.steps.predict:run",
        "evaluate": "sqlml.zoo.steps.evaluate:run",
        "explain": "sqlml.zoo.steps.explain:run",
        "solve": "sqlml.zoo.steps.solve:run",
        "check": "sqlml.zoo.steps.check:run",
        "manage": "sqlml.zoo.steps.manage:run",
        "alter": "sqlml.zoo.steps.alter:run",
        "job": "sqlml.zoo.steps.job:run",
        "run": "sqlml.zoo.steps.run:run",
    },
)

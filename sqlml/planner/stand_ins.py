"""Models of libraries that this version does not have, and what to train in their place."""

from collections.abc import Mapping
from dataclasses import dataclass

_KERAS = "TensorFlow"
_CLASSIFIERS = "`sklearn.neural_network.MLPClassifier` or `xgboost.gbtree`"
_REGRESSORS = "`sklearn.neural_network.MLPRegressor` or `xgboost.gbtree`"


@dataclass(frozen=True, slots=True)
class StandIn:
    """What a model would need, and models that do the like without it."""

    needs: str
    models: str


_STAND_INS: Mapping[str, StandIn] = {
    "autoclassifier": StandIn(_KERAS, _CLASSIFIERS),
    "autoregressor": StandIn(_KERAS, _REGRESSORS),
}


def stand_in(name: str) -> StandIn | None:
    """What to say of a model by the name that SQLFlow programs give it, any case and prefix."""
    return _STAND_INS.get(name.rpartition(".")[2].casefold())

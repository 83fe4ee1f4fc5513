"""Models of libraries that this version does not have, and what to train in their place."""

from collections.abc import Mapping
from dataclasses import dataclass

_SEARCH = "a search for the layers of a network"


@dataclass(frozen=True, slots=True)
class StandIn:
    """What a model would need, and models that do the like without it."""

    needs: str
    models: str


_STAND_INS: Mapping[str, StandIn] = {
    "autoclassifier": StandIn(_SEARCH, "`auto.classifier`, which searches among models,"),
    "autoregressor": StandIn(_SEARCH, "`auto.regressor`, which searches among models,"),
}


def stand_in(name: str) -> StandIn | None:
    """What to say of a model by the name that SQLFlow programs give it, any case and prefix."""
    return _STAND_INS.get(name.rpartition(".")[2].casefold())

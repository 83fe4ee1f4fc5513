"""The values that a variable may have."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT = "NonNegativeReals"


@dataclass(frozen=True, slots=True)
class Domain:
    """Bounds belong to it: a solver cannot keep a real number above zero, only from below it."""

    lower: float = -math.inf
    upper: float = math.inf
    whole: bool = False


DOMAINS: Mapping[str, Domain] = {
    "Binary": Domain(0, 1, whole=True),
    "Integers": Domain(whole=True),
    "PositiveIntegers": Domain(lower=1, whole=True),
    "NegativeIntegers": Domain(upper=-1, whole=True),
    "NonNegativeIntegers": Domain(lower=0, whole=True),
    "NonPositiveIntegers": Domain(upper=0, whole=True),
    "Reals": Domain(),
    "PositiveReals": Domain(lower=0),
    "NegativeReals": Domain(upper=0),
    "NonNegativeReals": Domain(lower=0),
    "NonPositiveReals": Domain(upper=0),
    "UnitInterval": Domain(0, 1),
}

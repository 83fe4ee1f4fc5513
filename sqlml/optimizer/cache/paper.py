"""The Couler paper's policy as it is printed, to be compared with."""

from collections.abc import Sequence
from math import exp, log1p

from sqlml.optimizer.cache.policy import REFUSED, Artifact, Holdings, Plan
from sqlml.optimizer.cache.steps import Steps

ALPHA, BETA = 1.5, 1.0  # as in the paper's experiments
LAYERS = 3  # of steps before and behind an artifact; the paper leaves their number open
GIGABYTE = 1e9


class AsPrinted:
    """The caching importance factor, Eq. 3 to 6, and Algorithm 2 of the Couler paper (ICDE 2024).

    What is wrong with it: Eq. 6 adds to the score for size, as −e^(−V) grows with V; Eq. 5 gives
    direct consumers the weight ζ + 1 = 0; by Eq. 3, making what a first step makes costs nothing;
    Algorithm 2 lets artifacts go before it knows that the newcomer stays, and admits nothing when
    the storage is exactly full. Where it lets the storage overflow, it is held to the bound here.
    """

    is_unbounded = False

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        room = holdings.room
        if room == 0:
            return REFUSED
        kept = [*holdings.kept, newcomer]
        room -= newcomer.size
        victims: list[str] = []
        while room < 0:
            open_ones = [artifact for artifact in kept if not artifact.is_pinned]
            if not open_ones:
                return Plan(admitted=False, victims=victims)
            scores = importance(holdings.steps, open_ones, kept)
            loser = open_ones[scores.index(min(scores))]
            if loser.key == newcomer.key:
                return Plan(admitted=False, victims=victims)
            kept.remove(loser)
            victims.append(loser.key)
            room += loser.size
        return Plan(admitted=True, victims=victims)

    def scores(self, holdings: Holdings) -> Sequence[float]:
        return importance(holdings.steps, holdings.kept, holdings.kept)


def importance(
    steps: Steps, artifacts: Sequence[Artifact], kept: Sequence[Artifact]
) -> list[float]:
    """Eq. 6 of each artifact. kept: what Eq. 3 does not look behind."""
    places = {artifact.step for artifact in kept if artifact.step is not None}
    return [_importance(steps, artifact, places) for artifact in artifacts]


def _importance(steps: Steps, artifact: Artifact, kept: set[int]) -> float:
    if artifact.step is None:
        return artifact.score
    reconstruction = _reconstruction(steps, artifact.step, kept)
    reuse = _reuse(steps, artifact.step)
    volume = artifact.size / GIGABYTE
    return ALPHA * log1p(reconstruction) + BETA * reuse**2 - exp(-volume)


def _reconstruction(steps: Steps, step: int, kept: set[int]) -> float:
    """Eq. 3, over the edges among the layers of steps before this one."""
    before = _layers(steps.givers, step, kept)
    total = 0.0
    for giver in before:
        for taker in steps.takers[giver]:
            if taker in before:
                total += steps.seconds[giver] + _degree(steps, giver) * _degree(steps, taker)
    return total


def _reuse(steps: Steps, step: int) -> float:
    """Eq. 4 and 5: ζ is the graph's Laplacian matrix, that is −1 for direct consumers, else 0."""
    behind = _layers(steps.takers, step, frozenset())
    direct = set(steps.takers[step])
    return sum(
        (1 / distance) * ((-1 if taker in direct else 0) + 1)
        for taker, distance in behind.items()
        if distance
    )


def _degree(steps: Steps, step: int) -> int:
    return len(steps.givers[step]) + len(steps.takers[step])


def _layers(
    edges: Sequence[Sequence[int]], start: int, stops: set[int] | frozenset[int]
) -> dict[int, int]:
    """The distances of the steps within some layers of one; what is behind `stops` is left out."""
    distances = {start: 0}
    layer = [start]
    for distance in range(1, LAYERS + 1):
        found = {step for at in layer if at == start or at not in stops for step in edges[at]}
        layer = [step for step in found if step not in distances]
        distances |= dict.fromkeys(layer, distance)
    return distances

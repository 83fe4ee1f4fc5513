"""Policies that look at artifacts one by one, and those that need not look."""

from collections.abc import Callable, Sequence

from sqlml.optimizer.cache.policy import REFUSED, Artifact, Holdings, Plan


class KeepNothing:
    """Every step runs every time."""

    is_unbounded = False

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        return REFUSED

    def scores(self, holdings: Holdings) -> Sequence[float]:
        return [0.0] * len(holdings.kept)


class KeepAll:
    """Without a bound."""

    is_unbounded = True

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        return Plan(admitted=True)

    def scores(self, holdings: Holdings) -> Sequence[float]:
        return [artifact.seconds / artifact.size for artifact in holdings.kept]


class FirstInFirstOut:
    """What was kept first goes first."""

    is_unbounded = False

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        return plan_by(lambda artifact: artifact.added, newcomer, holdings)

    def scores(self, holdings: Holdings) -> Sequence[float]:
        return [artifact.added for artifact in holdings.kept]


class LeastRecentlyUsed:
    """What was used longest ago goes first."""

    is_unbounded = False

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        return plan_by(lambda artifact: artifact.used, newcomer, holdings)

    def scores(self, holdings: Holdings) -> Sequence[float]:
        return [artifact.used for artifact in holdings.kept]


class GreedyDual:
    """Frequency × seconds / bytes above a floor, which rises to what the last victim had.

    GreedyDual-Size-Frequency (Cherkasova, HP Labs HPL-98-69R1, 1998), its cost being the time to
    make an artifact again.
    """

    is_unbounded = False

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        return plan_by(_greedy_dual, newcomer, holdings)

    def scores(self, holdings: Holdings) -> Sequence[float]:
        return [_greedy_dual(artifact) for artifact in holdings.kept]


def _greedy_dual(artifact: Artifact) -> float:
    return artifact.floor + artifact.uses * artifact.seconds / artifact.size


def plan_by(value: Callable[[Artifact], float], newcomer: Artifact, holdings: Holdings) -> Plan:
    """Keep the newcomer whenever it can fit; what is worth least goes."""
    if newcomer.size > holdings.capacity:
        return REFUSED
    room, victims, floor = holdings.room, [], holdings.floor
    for artifact in sorted(holdings.kept, key=value):
        if room >= newcomer.size:
            break
        if artifact.is_pinned:
            continue
        room += artifact.size
        victims.append(artifact.key)
        floor = max(floor, value(artifact))
    if room < newcomer.size:
        return REFUSED
    return Plan(admitted=True, victims=victims, floor=floor)

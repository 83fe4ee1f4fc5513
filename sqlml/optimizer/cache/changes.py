"""How likely each type of step is to change next, from what has changed before."""

from collections.abc import Sequence

_PRIOR = 2.0  # changes that all types together have before any is seen
_DECAY = 0.5  # of a past change's weight with each one that follows it
_CHANGES, _REVERSALS = 4.0, 0.5  # that are taken as seen before any is


def change_weights(kinds: int, past: Sequence[int]) -> list[float]:
    """A probability for each type: decayed counts of past changes, with a flat prior.

    past: the types that changed, oldest first.
    """
    weights = [_PRIOR / kinds] * kinds
    weight = 1.0
    for kind in reversed(past):
        weights[kind] += weight
        weight *= _DECAY
    total = sum(weights)
    return [one / total for one in weights]


def reversal_weight(changes: int, reversals: int) -> float:
    """The probability that the last change is taken back, after so many changes and reversals."""
    return (_REVERSALS + reversals) / (_CHANGES + changes)

"""What would run after each change that may come next, given what is kept."""

from collections.abc import Iterable
from heapq import heappop, heappush

from sqlml.optimizer.cache.steps import Steps

_At = tuple[int, int]  # a step, and changes after which something is so


class Outlook:
    """One pass over the steps, from the last to the first, for all changes at once."""

    def __init__(self, steps: Steps, kept: Iterable[_At]) -> None:
        """kept: steps, and the changes after which what is kept of them is of use."""
        self._steps = steps
        self._stands = [0] * len(steps.givers)
        for step, changes in kept:
            self._stands[step] |= changes
        requested = self._requested = [0] * len(steps.givers)
        for step in steps.goals:
            requested[step] = steps.any_change
        for step in range(len(requested) - 1, -1, -1):
            if running := requested[step] & ~self._stands[step]:
                for giver in steps.givers[step]:
                    requested[giver] |= running

    def likely(self, step: int, stands: int) -> float:
        """The probability that what is kept of a step is used next.

        stands: the changes after which it is of use.
        """
        return self._steps.weigh(self._requested[step] & stands)

    def spared_before(self, step: int, stands: int) -> float:
        """The seconds that steps before one are expected to be spared by what is kept of it."""
        seconds, weigh = self._steps.seconds, self._steps.weigh
        called = self._called(step, self._requested[step] & stands)
        return sum(seconds[at] * weigh(running) for at, _, running in called)

    def drop(self, step: int, stands: int) -> set[int]:
        """Keep an artifact no longer; the steps of which kept ones may be worth more for it."""
        self._stands[step] &= ~stands
        changed: dict[int, int] = {step: stands}
        for at, added, _ in self._called(step, self._requested[step] & stands):
            self._requested[at] |= added
            changed[at] = added
        return self._kept_behind(changed)

    def _called(self, step: int, changes: int) -> list[tuple[int, int, int]]:
        """The steps before one, if it runs after more changes.

        With each come the changes after which it is asked for then, and was not; and of those, the
        ones after which it runs.
        """
        givers, requested, stands = self._steps.givers, self._requested, self._stands
        called: list[tuple[int, int, int]] = []
        asked: dict[int, int] = {}
        waiting: list[int] = []  # a heap of what is in `asked`, the last step first
        at, running = step, changes
        while True:
            if running:
                for giver in givers[at]:
                    if added := running & ~requested[giver]:
                        if giver in asked:
                            asked[giver] |= added
                        else:
                            asked[giver] = added
                            heappush(waiting, -giver)
            if not waiting:
                return called
            at = -heappop(waiting)
            added = asked[at]
            running = added & ~stands[at]
            called.append((at, added, running))

    def _kept_behind(self, changed: dict[int, int]) -> set[int]:
        """The steps of which something is kept, among some and behind those that would run."""
        takers, stands = self._steps.takers, self._stands
        found: set[int] = set()
        waiting = sorted(changed)  # a heap, the first step first
        while waiting:
            at = heappop(waiting)
            changes = changed[at]
            if changes & stands[at]:
                found.add(at)
            if passed := changes & ~stands[at]:
                for taker in takers[at]:
                    if taker in changed:
                        changed[taker] |= passed
                    else:
                        changed[taker] = passed
                        heappush(waiting, taker)
        return found

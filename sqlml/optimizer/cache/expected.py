"""Keeps what is expected to save most seconds per byte, given what else is kept."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlml.optimizer.cache.outlook import Outlook
from sqlml.optimizer.cache.policy import REFUSED, Artifact, Holdings, Plan
from sqlml.optimizer.cache.steps import Steps

_BOLD = 1.0  # what the room left over may count for, relative to the newcomer itself


class ExpectedBenefit:
    """The Couler paper's caching importance factor (Eq. 3 to 6) and Algorithm 2, made right.

    An artifact is worth, for each change that may come next, times its probability: the seconds of
    the steps that would run then without it and do not run with it, its own and those before it;
    less the time to read it; per byte. Within a run, what its remaining readers save is added.

    A newcomer may lose: what would have to go for it must be worth less than it is, together with
    the room left over at the price of the last to go. What is worth nothing goes first, but stays
    while there is room: edits are taken back.
    """

    is_unbounded = False

    def plan(self, newcomer: Artifact, holdings: Holdings) -> Plan:
        missing = newcomer.size - holdings.room
        if newcomer.size > holdings.capacity:
            return REFUSED
        contest = _Contest([*holdings.kept, newcomer], holdings.steps)
        gain = contest.benefit(newcomer.key)
        if gain < 0:
            return REFUSED
        if missing > 0:
            contest.open()
        victims: list[str] = []
        loss = 0.0
        while missing > 0:
            loser = contest.loser()
            if loser is None or loser.key == newcomer.key:
                return REFUSED
            lost = contest.drop(loser)
            loss += lost
            victims.append(loser.key)
            missing -= loser.size
            left_over = lost / loser.size * max(-missing, 0.0)
            if loss > 0 and loss >= gain + min(left_over, _BOLD * gain):
                return REFUSED
        return Plan(admitted=True, victims=victims)

    def scores(self, holdings: Holdings) -> Sequence[float]:
        contest = _Contest(holdings.kept, holdings.steps)
        return [contest.benefit(artifact.key) / artifact.size for artifact in holdings.kept]


class _Contest:
    """Artifacts, what each is worth while all are kept, and which of them is to go next."""

    def __init__(self, artifacts: Iterable[Artifact], steps: Steps) -> None:
        self._artifacts = {artifact.key: artifact for artifact in artifacts}
        self._steps = steps
        self._floors: dict[str, tuple[float, float]] = {}  # scores, or less; and when it was used
        self._exact: set[str] = set()
        self._keys: defaultdict[int, list[str]] = defaultdict(list)
        for artifact in self._artifacts.values():
            if artifact.step is not None and artifact.stands:
                self._keys[artifact.step].append(artifact.key)
        self._outlook = Outlook(
            steps,
            [(one.step, one.stands) for one in self._artifacts.values() if one.step is not None],
        )

    def benefit(self, key: str) -> float:
        """The seconds that having the artifact is expected to save."""
        artifact = self._artifacts[key]
        least = self._least(artifact)
        if artifact.step is None or not artifact.stands:
            return least
        return least + self._outlook.spared_before(artifact.step, artifact.stands)

    def open(self) -> None:
        """Let all that may go take part."""
        self._note(self._artifacts)

    def loser(self) -> Artifact | None:
        """What is worth least per byte, of what may go; of equals, what was used longest ago."""
        while self._floors:
            key = min(self._floors, key=self._floors.__getitem__)
            artifact = self._artifacts[key]
            if key in self._exact:
                return artifact
            self._exact.add(key)
            self._floors[key] = (self.benefit(key) / artifact.size, artifact.used)
        return None

    def drop(self, artifact: Artifact) -> float:
        """Keep the loser no longer; what it was worth. What others are worth may rise."""
        score, _ = self._floors.pop(artifact.key)
        if artifact.step is not None and artifact.stands:
            self._keys[artifact.step].remove(artifact.key)
            for step in self._outlook.drop(artifact.step, artifact.stands):
                self._note(self._keys[step])
        return score * artifact.size

    def _note(self, keys: Iterable[str]) -> None:
        """Note the least that some may be worth: most need not be looked at any closer."""
        for key in keys:
            artifact = self._artifacts[key]
            if not artifact.is_pinned:
                self._exact.discard(key)
                self._floors[key] = (self._least(artifact) / artifact.size, artifact.used)

    def _least(self, artifact: Artifact) -> float:
        in_this_run = artifact.readers * artifact.read_seconds
        if artifact.step is None:
            return artifact.score * artifact.size + in_this_run
        if not artifact.stands:
            return in_this_run
        likely = self._outlook.likely(artifact.step, artifact.stands)
        reading = artifact.size / self._steps.bytes_per_second
        return likely * (self._steps.seconds[artifact.step] - reading) + in_this_run

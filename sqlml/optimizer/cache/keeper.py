"""What one run keeps of the files that its steps make, and what it finds kept by earlier ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import time

from sqlml.optimizer.cache import POLICIES
from sqlml.optimizer.cache.past import Past
from sqlml.optimizer.cache.policy import Artifact, Holdings, Policy
from sqlml.optimizer.cache.steps import Steps
from sqlml.store.artifacts import Damaged, Kept, Ruling
from sqlml.store.readers import Reader
from sqlml.store.store import Store
from sqlml.workflow.ir import Workflow

_HALF_LIFE = 7 * 24 * 3600.0  # seconds in which another workflow's artifacts lose half their worth


@dataclass(frozen=True, slots=True)
class Made:
    """What a step has made. seconds: what it took. files: files and folders."""

    step: str
    run: str
    key: str
    seconds: float
    files: Sequence[Path]


def of_others(kept: Kept) -> Artifact:
    """What is kept, as policies see it that know nothing of the workflow that it is of."""
    age = max(time() - kept.used, 0.0)
    return Artifact(
        key=kept.key,
        size=max(kept.size, 1),
        seconds=kept.seconds,
        added=kept.added,
        used=kept.used,
        uses=kept.uses,
        floor=kept.floor,
        score=min(kept.score, kept.seconds / max(kept.size, 1)) * 0.5 ** (age / _HALF_LIFE),
        is_pinned=kept.pinned,
    )


class Keeper:
    """For one run. What is used in it stays until it is closed. One thread at a time.

    damages: why what was kept of steps cannot be used, by their names.
    """

    def __init__(
        self,
        workflow: Workflow,
        store: Store,
        policy: str,
        size: float,
    ) -> None:
        """size: bytes of all files that are kept.

        Raises:
            ProgramError: E0840 there is no such policy.
        """
        self.damages: dict[str, str] = {}
        self._workflow = workflow
        self._store = store
        self._policy: Policy = POLICIES.load(policy)()
        self._size = size
        self._keys: dict[str, str] = {}  # of this run's steps
        self._seconds: dict[str, float] = {}
        self._refused: list[Path] = []
        self._gone: list[Path] = []
        self._run = ""
        self._has_run = False
        self._has_reader = False

    def find(self, step: str, key: str) -> bool:
        """Whether what a step makes is kept, undamaged."""
        self._keys[step] = key
        try:
            return self._store.artifacts.use(key, self._reader) is not None
        except Damaged as damaged:
            self.damages[step] = f"what an earlier run left cannot be used: {damaged}"
            return False

    def keep(self, made: Made) -> bool:
        """Keep what a step has made, if it is worth it; what is worth less may go for it."""
        self._run = made.run
        self._has_run = True
        self._keys[made.step] = made.key
        self._seconds[made.step] = made.seconds
        files, size = self._store.artifacts.checksums(made.files)
        if not files:  # they are elsewhere: the user's
            return True
        now = time()
        newcomer = Kept(
            key=made.key,
            workflow=self._workflow.name,
            step=made.step,
            run=made.run,
            files=files,
            size=size,
            seconds=made.seconds,
            added=now,
            used=now,
        )
        is_kept = self._store.artifacts.keep(newcomer, self._reader, self._decide)
        if not is_kept:
            self._refused += made.files
        return is_kept

    def succeeded(self) -> None:
        """Note that nobody will go on with this run: result sets that are not kept may go."""
        self._has_run = True
        self._gone += [path for path in self._refused if path.is_relative_to(self._store.results)]

    def close(self) -> None:
        """End the run, its results being read."""
        if self._has_reader:
            self._reader.close()
        if self._has_run and self._keys:
            self._settle()
        for path in self._gone:
            path.unlink(missing_ok=True)

    @cached_property
    def _reader(self) -> Reader:
        self._has_reader = True
        return self._store.artifacts.reader()

    @cached_property
    def _past(self) -> Past:
        return Past.of(self._workflow, self._store.repetitions, self._run)

    def _decide(self, newcomer: Kept, kept: Sequence[Kept]) -> Ruling:
        steps = self._past.steps(self._keys, self._seconds)
        *others, new = self._artifacts([*kept, newcomer], steps)
        return self._policy.plan(new, Holdings(steps, others, self._size))

    def _settle(self) -> None:
        """Note what all is worth now; where there is less room than there was, let some go."""
        kept = self._store.artifacts.all()
        steps = self._past.steps(self._keys, self._seconds)
        holdings = Holdings(steps, self._artifacts(kept, steps), self._size)
        scores = self._policy.scores(holdings)
        rated = {one.key: score for one, score in zip(kept, scores, strict=True)}
        self._store.artifacts.rate({one.key: rated[one.key] for one in kept if self._is_ours(one)})
        missing = 0 if self._policy.is_unbounded else -holdings.room
        for one in sorted(kept, key=lambda one: rated[one.key]):
            if missing > 0 and not one.pinned:
                missing -= sum(gone.size for gone in self._store.artifacts.remove([one.key]))

    def _artifacts(self, kept: Sequence[Kept], steps: Steps) -> list[Artifact]:
        now, before = self._current(kept), self._before(kept)
        return [self._artifact(one, steps, now, before) for one in kept]

    def _artifact(
        self, kept: Kept, steps: Steps, now: Mapping[str, str], before: Mapping[str, str]
    ) -> Artifact:
        place = self._past.places.get(kept.step) if self._is_ours(kept) else None
        if place is None:
            return of_others(kept)
        stands = 0
        if kept.key == now.get(kept.step):
            stands = steps.any_change & ~steps.outdating[place]
        elif kept.key == before.get(kept.step):
            stands = steps.reversing if steps.reversal else 0
        return replace(of_others(kept), step=place, stands=stands)

    def _is_ours(self, kept: Kept) -> bool:
        return kept.workflow == self._workflow.name

    def _current(self, kept: Iterable[Kept]) -> dict[str, str]:
        """The key of each step in this run; until that is known, the one that was used last."""
        latest = {one.step: one.key for one in sorted(kept, key=lambda one: one.used)
                  if self._is_ours(one)}  # fmt: skip
        return {**latest, **self._keys}

    def _before(self, kept: Iterable[Kept]) -> dict[str, str]:
        """The keys that would be right again if the last change was taken back."""
        now = self._current(kept)
        older = [one for one in kept if self._is_ours(one) and one.key != now.get(one.step)]
        return {one.step: one.key for one in sorted(older, key=lambda one: one.used)}

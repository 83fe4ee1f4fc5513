"""What earlier runs let expect of a run, beside what then happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from sqlml.optimizer.history import PastStep
from sqlml.store.runs import Run, Runs


@dataclass(frozen=True, slots=True)
class Compared:
    """A step. expected: from the runs that had ended before, None without any; samples: of them.

    seconds; memory in bytes.
    """

    step: str
    expected_seconds: float | None
    seconds: float
    expected_memory: int | None
    memory: int | None
    samples: int


def hindsight(runs: Runs, run: Run) -> Iterator[Compared]:
    """The steps that a run did itself, in its order.

    What was expected is what a forecast of that moment would have said: the median time and the
    largest memory of the same steps before.
    """
    for step in runs.steps(run.id):
        if step.outcome != "succeeded" or step.started is None or step.finished is None:
            continue
        past = [PastStep(*one) for one in runs.past(step.operation, step.target, run.started)]
        same = [one for one in past if one.static_hash == step.static_hash] or past
        yield Compared(
            step.name,
            median(one.seconds for one in same) if same else None,
            step.finished - step.started,
            max((one.peak_memory for one in same), default=0) or None,
            step.peak_memory or None,
            len(same),
        )

"""What a run came to: the outcome of every step, and the result sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlml.errors import Diagnostic
from sqlml.runtime.events import RunFinished
from sqlml.zoo.steps.outcome import Outcome

if TYPE_CHECKING:
    import pyarrow as pa

StepStatus = Literal["succeeded", "reused", "failed", "skipped", "interrupted"]
RunOutcome = Literal["succeeded", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class ResultSet:
    """Rows that a statement gives: a small table, or an Arrow file."""

    table: pa.Table | None = None
    path: Path | None = None

    def read(self) -> pa.Table:
        """All rows; those of a file are mapped, not copied, into memory."""
        if self.path is None:
            return self.table
        import pyarrow as pa

        return pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()


@dataclass(frozen=True, slots=True)
class StepReport:
    """How a step ended.

    source: the run that did it, when reused; this one, when another step of it did the same.
    because: why it was skipped. peak_memory: bytes.
    is_group: what it did is what its parts, rounds or called steps, did.
    """

    status: StepStatus
    outcome: Outcome = field(default_factory=Outcome)
    result: ResultSet | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    source: str = ""
    because: str = ""
    seconds: float = 0.0
    peak_memory: int = 0
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class RunReport:
    """A finished run. steps: by name, in the order of the workflow.

    outputs: those of the workflow that were made.
    """

    run: str
    outcome: RunOutcome
    seconds: float
    steps: Mapping[str, StepReport]
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def results(self) -> Iterator[tuple[str, ResultSet]]:
        """Step names and result sets, in the order of the workflow."""
        for name, step in self.steps.items():
            if step.result is not None:
                yield name, step.result

    @property
    def failed_step(self) -> str | None:
        """The first step that failed and says why, in the order of the workflow."""
        return next((name for name, step in self.steps.items() if step.diagnostics), None)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(d for step in self.steps.values() for d in step.diagnostics)

    def count(self, status: StepStatus) -> int:
        """How many steps ended so; those that are made of others are not counted."""
        return sum(step.status == status for step in self.steps.values() if not step.is_group)


def closing(report: RunReport) -> RunFinished:
    """The last event of a run."""
    return RunFinished(
        report.seconds,
        report.run,
        report.outcome,
        report.seconds,
        done=report.count("succeeded"),
        reused=report.count("reused"),
        failed=report.count("failed"),
        skipped=report.count("skipped"),
        interrupted=report.count("interrupted"),
    )

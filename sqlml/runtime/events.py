"""What happens during a run, as typed events; every door renders the same ones."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from sqlml.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class Event:
    """time: seconds since the run began."""

    kind: ClassVar[str] = "event"
    time: float

    def to_json(self) -> dict[str, Any]:
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """place: `local`, or the object of a cluster that is the run."""

    kind: ClassVar[str] = "run_started"
    run: str
    workflow: str
    steps: tuple[str, ...]
    statements: int = 0
    place: str = "local"


@dataclass(frozen=True, slots=True)
class StepStarted(Event):
    kind: ClassVar[str] = "step_started"
    step: str
    operation: str
    title: str  # such as `xgboost.gbtree → iris_model`
    threads: int = 1


@dataclass(frozen=True, slots=True)
class StepProgress(Event):
    kind: ClassVar[str] = "step_progress"
    step: str
    done: int
    total: int
    unit: str
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepNote(Event):
    """place: of what it is about in the program, `iris.sql:4:6`; empty where it has none."""

    kind: ClassVar[str] = "step_note"
    step: str
    message: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class StepFinished(Event):
    """summary: such as `110 rows` or `accuracy 0.967`; metrics by name; peak memory in bytes."""

    kind: ClassVar[str] = "step_finished"
    step: str
    operation: str
    title: str
    seconds: float
    summary: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    peak_memory: int = 0


@dataclass(frozen=True, slots=True)
class StepReused(Event):
    """The step was not needed: `source` is the run that did it."""

    kind: ClassVar[str] = "step_reused"
    step: str
    operation: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class StepFailed(Event):
    kind: ClassVar[str] = "step_failed"
    step: str
    operation: str
    title: str
    seconds: float
    diagnostics: tuple[Diagnostic, ...]

    def to_json(self) -> dict[str, Any]:
        shown = [
            {"code": d.code, "message": d.message, "hint": d.hint, "place": d.span and d.span.place}
            for d in self.diagnostics
        ]
        return {
            "event": self.kind, "time": self.time, "step": self.step, "operation": self.operation,
            "title": self.title, "seconds": self.seconds, "diagnostics": shown,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepRetried(Event):
    """An attempt failed, and there will be another. attempt: the one that failed, from 1.

    error: its kind. wait: seconds until the next one.
    """

    kind: ClassVar[str] = "step_retried"
    step: str
    operation: str
    title: str
    attempt: int
    error: str
    message: str
    wait: float


@dataclass(frozen=True, slots=True)
class StepSkipped(Event):
    kind: ClassVar[str] = "step_skipped"
    step: str
    operation: str
    title: str
    because: str


@dataclass(frozen=True, slots=True)
class StepInterrupted(Event):
    """The step was running when the run was interrupted."""

    kind: ClassVar[str] = "step_interrupted"
    step: str
    operation: str
    title: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    kind: ClassVar[str] = "run_finished"
    run: str
    outcome: str  # succeeded, failed, interrupted
    seconds: float
    done: int
    reused: int = 0
    failed: int = 0
    skipped: int = 0
    interrupted: int = 0


Listener = Callable[[Event], None]

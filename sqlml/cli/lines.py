"""Steps as lines of text, in columns."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.cli.terminal import duration, painted, shortened, width
from sqlml.runtime.events import (
    RunFinished,
    RunStarted,
    StepFailed,
    StepFinished,
    StepInterrupted,
    StepProgress,
    StepRetried,
    StepReused,
    StepSkipped,
)

Ended = StepFinished | StepReused | StepSkipped | StepFailed | StepInterrupted

_WIDEST = 110
_BAR = 14
_TIME = 9  # `2m 05s`, `from 7f3a`
_SIGNS = {"done": ("32", "✓"), "failed": ("31", "✗"), "reused": ("36", "="), "skipped": ("33", "-")}


@dataclass(frozen=True, slots=True)
class Columns:
    """The widths of a step's name, of its title, and of the line."""

    name: int
    title: int
    line: int

    @classmethod
    def of(cls, titles: Mapping[str, str]) -> "Columns":
        """Columns that fit all steps (name to title) and the terminal."""
        line = min(width(), _WIDEST)
        name = max(map(len, titles), default=0)
        title = min(max(map(len, titles.values()), default=0), max(16, line - name - 46))
        return cls(name, title, line)

    def ended(self, event: Ended, *, color: bool) -> str:
        """The line of a step that has ended."""
        match event:
            case StepFinished():
                kind, detail, took = "done", event.summary, duration(event.seconds)
            case StepFailed():
                kind, detail, took = "failed", "", duration(event.seconds)
            case StepInterrupted():
                kind, detail, took = "failed", "interrupted", duration(event.seconds)
            case StepReused():
                kind, detail, took = "reused", "unchanged", f"from {event.source}"
            case StepSkipped():
                kind, detail, took = "skipped", f"skipped: {event.because}", ""
        style, sign = _SIGNS[kind]
        head = f"  {painted(style, sign, color)} "
        text = self._text(event.step, event.title, detail)
        return f"{head}{text:<{self.line - 4 - _TIME}}{took:>{_TIME}}".rstrip()

    def running(self, step: str, title: str, told: StepProgress | None, seconds: float) -> str:
        """The line of a step that has not ended, without its sign."""
        text = self._text(step, title, _progress(told) if told else "")
        took = f"{seconds:.1f}s"
        room = self.line - 4 - _TIME
        return f"{shortened(text, room):<{room}}{took:>{_TIME}}"

    def _text(self, step: str, title: str, detail: str) -> str:
        shown = shortened(" ".join(title.split()), self.title)
        return f"{step:<{self.name}}  {shown:<{self.title}}  {detail}"


def again(event: StepRetried) -> str:
    """What is said of an attempt that failed and is followed by another one."""
    wait = f" in {duration(event.wait)}" if event.wait >= 1 else ""
    return f"attempt {event.attempt} failed ({event.error}: {event.message}); again{wait}"


def heading(event: RunStarted) -> str:
    """The line that a run begins with."""
    statements = [_count(event.statements, "statement")] if event.statements else []
    steps = _count(len(event.steps), "step")
    return " · ".join([event.workflow, *statements, steps, event.place, f"run {event.run}"])


def closing(event: RunFinished, *, color: bool) -> str:
    """The line that a run ends with."""
    if event.outcome == "succeeded":
        reused = f", {event.reused} unchanged" if event.reused else ""
        text = f"✓ {_count(event.done, 'step')} in {duration(event.seconds)}{reused}"
        return painted("32", f"{text} · run {event.run}", color)
    counts = {"failed": event.failed, "interrupted": event.interrupted, "skipped": event.skipped,
              "unchanged": event.reused}  # fmt: skip
    rest = "".join(f", {count} {word}" for word, count in counts.items() if count)
    word = "interrupted: " if event.outcome == "interrupted" else ""
    return painted("31", f"✗ {word}{event.done} done{rest} · run {event.run}", color)


def _progress(event: StepProgress) -> str:
    values = "  ".join(f"{name} {value:.4g}" for name, value in event.values.items())
    if not event.total:
        return f"{event.done:,} {event.unit}  {values}".rstrip()
    filled = min(_BAR, round(_BAR * event.done / event.total))
    bar = "━" * filled + "╌" * (_BAR - filled)
    return f"{event.done:,} of {event.total:,} {event.unit}  {bar}  {values}".rstrip()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

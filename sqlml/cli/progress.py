"""A run's events as lines: live on a terminal, appended elsewhere, or as JSON."""

import json
import sys
from types import TracebackType
from typing import Any, Protocol, Self

import click

from sqlml.cli.terminal import colored, duration, width
from sqlml.errors import render
from sqlml.runtime.events import (
    Event,
    RunFinished,
    RunStarted,
    StepFailed,
    StepFinished,
    StepInterrupted,
    StepNote,
    StepProgress,
    StepReused,
    StepSkipped,
    StepStarted,
)

_BAR = 14
_MARKS = {"done": ("32", "✓"), "failed": ("31", "✗"), "reused": ("36", "="), "skipped": ("33", "-")}


class Progress(Protocol):
    """Shows events while a run lasts; a context manager."""

    def __call__(self, event: Event) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def progress_for(*, as_json: bool, quiet: bool) -> Progress:
    """The way of showing progress that fits the flags and the terminal."""
    if as_json:
        return JsonLines()
    if quiet:
        return Silence()
    return LiveLines() if colored(sys.stderr) else PlainLines()


class Silence:
    """Shows failures only."""

    def __call__(self, event: Event) -> None:
        if isinstance(event, StepFailed):
            _print_failure(event, color=colored(sys.stderr))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class JsonLines(Silence):
    """One JSON object per event, on stdout."""

    def __call__(self, event: Event) -> None:
        click.echo(json.dumps(event.to_json(), ensure_ascii=False, default=str))


class PlainLines(Silence):
    """A line when a step ends."""

    color = False

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.write(f"{_heading(event)}\n")
            case StepNote():
                self.write(f"    {event.message}")
            case StepFinished() | StepReused() | StepSkipped() | StepFailed() | StepInterrupted():
                self.write(_line(event, self.color))
                if isinstance(event, StepFailed):
                    self.write("")
                    _print_failure(event, color=self.color)
            case RunFinished():
                self.write(_closing(event, self.color))

    def write(self, text: str) -> None:
        click.echo(text, err=True)


class LiveLines(PlainLines):
    """Appended lines, and below them the steps that are running now."""

    color = True

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True)
        self._running: dict[str, StepStarted] = {}
        self._progress: dict[str, StepProgress] = {}

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._running[event.step] = event
            case StepProgress():
                self._progress[event.step] = event
            case StepFinished() | StepFailed() | StepReused() | StepSkipped() | StepInterrupted():
                self._running.pop(event.step, None)
                self._progress.pop(event.step, None)
        super().__call__(event)
        self._live.update(self._now(event.time))

    def write(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def _now(self, time: float) -> Any:
        from rich.console import Group
        from rich.spinner import Spinner

        lines = []
        for step, started in self._running.items():
            told = self._progress.get(step)
            done = _progress_text(told) if told else ""
            text = (
                f"{started.step:<11} {_title(started.title)}   {done}  {time - started.time:.1f}s"
            )
            lines.append(Spinner("dots", text=text, style="cyan"))
        return Group(*lines)


def _heading(event: RunStarted) -> str:
    statements = _count(event.statements, "statement")
    return f"{event.workflow} · {statements} · {_count(len(event.steps), 'step')} · local"


Ended = StepFinished | StepReused | StepSkipped | StepFailed | StepInterrupted


def _line(event: Ended, color: bool) -> str:
    match event:
        case StepFinished():
            mark, detail, took = "done", event.summary, duration(event.seconds)
        case StepFailed():
            mark, detail, took = "failed", "", duration(event.seconds)
        case StepInterrupted():
            mark, detail, took = "failed", "interrupted", duration(event.seconds)
        case StepReused():
            mark, detail, took = "reused", "unchanged", f"from {event.source}"
        case StepSkipped():
            mark, detail, took = "skipped", event.because, ""
    style, sign = _MARKS[mark]
    text = f"{event.step:<11} {_title(event.title)}   {detail}".rstrip()
    room = max(60, min(width(), 100) - 6 - len(took))
    head = f"\x1b[{style}m{sign}\x1b[0m" if color else sign
    return f"  {head} {text:<{room}} {took}".rstrip()


def _title(title: str) -> str:
    return " ".join(title.split())


def _progress_text(event: StepProgress) -> str:
    values = "  ".join(f"{name} {value:.4g}" for name, value in event.values.items())
    if not event.total:
        return f"{event.done:,} {event.unit}  {values}".rstrip()
    filled = min(_BAR, round(_BAR * event.done / event.total))
    bar = "━" * filled + "╌" * (_BAR - filled)
    return f"{event.done:,} of {event.total:,} {event.unit}  {bar}  {values}".rstrip()


def _closing(event: RunFinished, color: bool) -> str:
    run = f"run {event.run}"
    if event.outcome == "succeeded":
        reused = f", {event.reused} unchanged" if event.reused else ""
        text = f"✓ {_count(event.done, 'step')} in {duration(event.seconds)}{reused} · {run}"
        return _painted("32", f"\n{text}", color)
    counts = {"failed": event.failed, "skipped": event.skipped, "unchanged": event.reused}
    rest = "".join(f", {count} {word}" for word, count in counts.items() if count)
    word = "interrupted: " if event.outcome == "interrupted" else ""
    return _painted("31", f"\n✗ {word}{event.done} done{rest} · {run}", color)


def _print_failure(event: StepFailed, *, color: bool) -> None:
    for diagnostic in event.diagnostics:
        click.echo(render(diagnostic, color=color) + "\n", err=True)


def _painted(style: str, text: str, color: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if color else text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

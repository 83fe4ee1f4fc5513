"""A run's events as lines: live on a terminal, appended elsewhere, or as JSON."""

import json
import sys
from time import monotonic
from typing import Any, Protocol, Self

import click

from sqlml.cli.lines import Columns, again, closing, heading
from sqlml.cli.terminal import colored, is_live
from sqlml.errors import Diagnostic, render
from sqlml.runtime.events import (
    Event,
    RunFinished,
    RunStarted,
    StepFailed,
    StepFinished,
    StepInterrupted,
    StepNote,
    StepProgress,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
)
from sqlml.runtime.states import has_parts
from sqlml.runtime.titles import titles
from sqlml.workflow.ir import Workflow
from sqlml.workflow.parts import as_run

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Progress(Protocol):
    """Shows events while a run lasts; a context manager."""

    def __call__(self, event: Event) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def progress_for(workflow: Workflow, *, as_json: bool, quiet: bool) -> Progress:
    """The way of showing progress that fits the flags and the terminal."""
    if as_json:
        return JsonLines()
    if quiet:
        return Failures()
    rounds = {f"{node.name}.0": "" for node in workflow.nodes if has_parts(node)}
    columns = Columns.of({**titles(workflow), **titles(as_run(workflow)), **rounds})
    if is_live(sys.stderr):
        return LiveLines(columns, color=colored(sys.stderr))
    return PlainLines(columns)


class Failures:
    """Shows what went wrong, when the run has ended."""

    def __init__(self, *, color: bool | None = None) -> None:
        self.color = colored(sys.stderr) if color is None else color
        self._failures: list[Diagnostic] = []

    def __call__(self, event: Event) -> None:
        match event:
            case StepFailed():
                self._failures += event.diagnostics
            case RunFinished():
                for failure in self._failures:
                    self.write(render(failure, color=self.color) + "\n")

    def write(self, text: str) -> None:
        click.echo(text, err=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class JsonLines:
    """One JSON object per event, on stdout."""

    def __call__(self, event: Event) -> None:
        click.echo(json.dumps(event.to_json(), ensure_ascii=False, default=str))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class PlainLines(Failures):
    """A line when a step ends."""

    def __init__(self, columns: Columns, *, color: bool = False) -> None:
        super().__init__(color=color)
        self._columns = columns

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self.write(f"{heading(event)}\n")
            case StepNote():
                place = f" ({event.place})" if event.place else ""
                self.write(f"    {event.step}: {event.message}{place}")
            case StepRetried():
                self.write(f"    {event.step}: {again(event)}")
            case StepFinished(operation="trial", summary=""):
                pass  # it did not begin: the time of its search was up
            case StepFinished() | StepReused() | StepSkipped() | StepFailed() | StepInterrupted():
                self.write(self._columns.ended(event, color=self.color))
            case RunFinished():
                self.write("")
        super().__call__(event)
        if isinstance(event, RunFinished):
            self.write(closing(event, color=self.color))


class LiveLines(PlainLines):
    """Appended lines, and below them the steps that are running now."""

    def __init__(self, columns: Columns, *, color: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        super().__init__(columns, color=color)
        self._running: dict[str, tuple[StepStarted, float]] = {}
        self._told: dict[str, StepProgress] = {}
        self._console = Console(stderr=True, highlight=False, no_color=not color)
        self._live = Live(
            console=self._console,
            get_renderable=self._now,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,  # it would end up on stderr
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        self.follow(event)
        super().__call__(event)

    def follow(self, event: Event) -> None:
        """Show the steps that are running now."""
        match event:
            case StepStarted():
                self._running[event.step] = event, monotonic()
            case StepProgress():
                self._told[event.step] = event
            case StepFinished() | StepFailed() | StepReused() | StepSkipped() | StepInterrupted():
                self._running.pop(event.step, None)
                self._told.pop(event.step, None)
                self._live.refresh()

    def write(self, text: str) -> None:
        from rich.text import Text

        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def _now(self) -> Any:
        """The running steps; called by the thread that refreshes the terminal, too."""
        from rich.text import Text

        now = monotonic()
        frame = _SPINNER[int(now * 8) % len(_SPINNER)]
        lines = Text(style="cyan", no_wrap=True, overflow="ellipsis")
        for event, since in tuple(self._running.values()):
            told = self._told.get(event.step)
            text = self._columns.running(event.step, event.title, told, now - since)
            lines.append(f"  {frame} {text}\n")
        lines.right_crop(1)
        return lines

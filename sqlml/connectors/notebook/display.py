"""What a run shows in a notebook: a small table that is alive while it runs, plots, notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from time import monotonic
from typing import Any

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

_EVERY = 0.2  # seconds between two pictures of a run
_MOST = 40  # steps that are shown; of more, those that began last


@dataclass(slots=True)
class _Line:
    mark: str
    title: str
    told: str = ""
    seconds: float | None = None


@dataclass(slots=True)
class LiveTable:
    """Shows a run's events in one output of a cell. A Listener.

    handle: what `IPython.display.display(display_id=True)` gives; None shows nothing.
    """

    handle: Any
    _lines: dict[str, _Line] = field(default_factory=dict)
    _closing: str = ""
    _shown: float = 0.0

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._closing = f"run {event.run}"
            case StepStarted():
                self._lines[event.step] = _Line("⠿", event.title)
            case StepProgress() if event.step in self._lines:
                self._lines[event.step].told = _progress(event)
            case StepNote() if event.step in self._lines:
                self._lines[event.step].told = event.message
            case StepFinished() | StepReused() | StepSkipped() | StepFailed() | StepInterrupted():
                self._lines[event.step] = _ended(event)
            case RunFinished():
                self._closing = f"{event.outcome} in {event.seconds:.2f} s · run {event.run}"
        if isinstance(event, RunFinished) or monotonic() - self._shown > _EVERY:
            self._show()

    def _show(self) -> None:
        self._shown = monotonic()
        if self.handle is not None:
            self.handle.update(self.as_bundle(), raw=True)

    def as_bundle(self) -> Mapping[str, str]:
        """The table as HTML, and as text for viewers that show no other."""
        steps = list(self._lines.items())[-_MOST:]
        rows = [(line.mark, name, line.title, line.told, _time(line)) for name, line in steps]
        return {
            "text/html": _html(rows, self._closing),
            "text/plain": "\n".join(
                [*("  ".join(filter(None, row)) for row in rows), self._closing]
            ),
        }


def _ended(
    event: StepFinished | StepReused | StepSkipped | StepFailed | StepInterrupted,
) -> _Line:
    match event:
        case StepFinished():
            return _Line("✓", event.title, event.summary, event.seconds)
        case StepReused():
            return _Line("=", event.title, "unchanged")
        case StepSkipped():
            return _Line("-", event.title, f"skipped, {event.because}")
        case StepFailed():
            told = "; ".join(diagnostic.message for diagnostic in event.diagnostics)
            return _Line("✗", event.title, told, event.seconds)
        case StepInterrupted():
            return _Line("✗", event.title, "interrupted", event.seconds)


def show_plots(outputs: Mapping[str, Mapping[str, Any]]) -> None:
    """Show the pictures that steps have drawn. outputs: by step and name."""
    from IPython.display import Image, display

    for made in outputs.values():
        for name, path in made.items():
            if name.startswith("plot"):
                display(Image(filename=str(path)))


def _progress(event: StepProgress) -> str:
    values = "".join(f" · {name} {value:.4g}" for name, value in event.values.items())
    return f"{event.done} of {event.total} {event.unit}{values}"


def _time(line: _Line) -> str:
    return "" if line.seconds is None else f"{line.seconds:.2f} s"


def _html(rows: Sequence[Sequence[str]], closing: str) -> str:
    style = 'style="text-align:left;font-family:monospace"'
    lines = (
        "<tr>" + "".join(f"<td {style}>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>{''.join(lines)}</table><div {style}>{escape(closing)}</div>"

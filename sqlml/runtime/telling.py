"""Tells listeners and the journal what becomes of the steps of a run."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, assert_never

from sqlml.runtime.call import step_kind
from sqlml.runtime.events import (
    Event,
    StepFailed,
    StepFinished,
    StepInterrupted,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
)
from sqlml.runtime.journal import Journal
from sqlml.runtime.report import StepReport
from sqlml.runtime.titles import Titles
from sqlml.workflow.ir import Node, Workflow

if TYPE_CHECKING:
    from sqlml.runtime.retry import Again


class Teller:
    """clock: seconds since the run began. log: what a step has printed."""

    def __init__(
        self,
        workflow: Workflow,
        journal: Journal,
        *,
        tell: Callable[[Event], None],
        clock: Callable[[], float],
        log: Callable[[Node], str],
    ) -> None:
        self._tell = tell
        self._titles = Titles((*workflow.nodes, *workflow.on_exit))
        self._journal = journal
        self._clock = clock
        self._log = log

    def added(self, nodes: Sequence[Node]) -> None:
        """There are more steps than the workflow names."""
        self._titles.add(nodes)
        self._journal.add(nodes)

    def tell(self, event: Event) -> None:
        self._tell(event)

    def silence(self) -> None:
        """Tell nobody any more but the journal."""
        self._tell = lambda _event: None

    def started(self, node: Node, threads: int) -> StepStarted:
        """The event of a step that starts; to be told by whoever starts it."""
        return StepStarted(*self._about(node), threads)

    def opened(self, node: Node) -> None:
        """A step has begun whose parts do what it does."""
        self._journal.group_started(node)
        self.tell(self.started(node, 0))

    def retried(self, node: Node, attempt: int, report: StepReport, again: "Again") -> None:
        """An attempt has failed, and another one follows."""
        self._journal.attempt_failed(node, attempt, report, again.kind)
        message = report.diagnostics[0].message if report.diagnostics else ""
        about = self._about(node)
        self.tell(StepRetried(*about, attempt, again.kind, message, round(again.seconds, 3)))

    def ended(self, node: Node, report: StepReport) -> None:
        self._journal.step_ended(node, report, self._log(node))
        self.tell(self._last_event(node, report))

    def _last_event(self, node: Node, report: StepReport) -> Event:
        about, outcome = self._about(node), report.outcome
        match report.status:
            case "succeeded":
                return StepFinished(
                    *about, report.seconds, outcome.summary, outcome.metrics, report.peak_memory
                )
            case "reused":
                return StepReused(*about, report.source)
            case "failed":
                return StepFailed(*about, report.seconds, report.diagnostics)
            case "skipped":
                return StepSkipped(*about, report.because)
            case "interrupted":
                return StepInterrupted(*about, report.seconds)
            case _:
                assert_never(report.status)

    def _about(self, node: Node) -> tuple[float, str, str, str]:
        """What all events of a step begin with."""
        return self._clock(), node.name, step_kind(node.operation), self._titles[node.name]

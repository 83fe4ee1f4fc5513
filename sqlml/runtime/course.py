"""The course of a run: what its steps have come to, and what follows from that."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from sqlml.errors import Diagnostic
from sqlml.runtime.alarms import Alarms
from sqlml.runtime.attempts import Attempts
from sqlml.runtime.control import Control, has_ended_with
from sqlml.runtime.events import Event
from sqlml.runtime.execution import Execution
from sqlml.runtime.journal import Journal
from sqlml.runtime.lift import Lifts
from sqlml.runtime.limits import Limits
from sqlml.runtime.prepared import lane_of
from sqlml.runtime.report import StepReport, StepStatus
from sqlml.runtime.states import States
from sqlml.runtime.telling import Teller
from sqlml.workflow.ir import Node, Status, Workflow

_SAID_LAST = 8192  # characters of a step's log that tell why it failed


class Course:
    """stopping: why no step starts any more. is_cut_short: steps were not run that could have been.

    expired: steps that are ended because their time is over. reports: of all steps that have ended.
    """

    def __init__(
        self,
        workflow: Workflow,
        execution: Execution,
        journal: Journal,
        alarms: Alarms,
        *,
        tell: Callable[[Event], None],
        clock: Callable[[], float],
        on_failure: Callable[[], None],
        memory: int,
    ) -> None:
        """tell: the listeners. on_failure: called when a step has failed for good.

        memory: the machine's, in bytes.
        """
        self.stopping = ""
        self.is_cut_short = False
        self.is_interrupted = False
        self.expired: dict[str, Diagnostic] = {}
        self.reports: dict[str, StepReport] = {}
        self.states = States(workflow, lane_of)
        self.control = Control(
            workflow,
            execution.inputs,
            self.reports,
            add=self.add,
            has_status=self._has_status,
            clock=clock,
        )
        self.teller = Teller(workflow, journal, tell=tell, clock=clock, log=execution.log_text)
        self.attempts = Attempts(
            workflow.retry,
            alarms,
            tell=self.teller.retried,
            start=self.states.again,
            lift=Lifts(memory, journal.largest_memory, execution.limits_memory),
        )
        self.limits = Limits()
        self.limits.set("", workflow.parallelism)
        self._execution = execution
        self._on_failure = on_failure
        self._ended: deque[tuple[Node, StepReport, bool]] = deque()  # and if the states know it

    @property
    def reports_in_order(self) -> dict[str, StepReport]:
        """The reports of all steps, in the order of the workflow."""
        return {name: self.reports[name] for name in sorted(self.reports, key=self.states.rank)}

    def add(self, nodes: Sequence[Node], under: str) -> None:
        """Take in steps that are part of another one, or that come last."""
        self.teller.added(nodes)
        self.attempts.forget(nodes)
        for node, reason in self.states.add(nodes, under):
            self._ended.append((node, StepReport("skipped", because=reason), True))

    def end(self, node: Node, report: StepReport) -> None:
        """Take in how a step has ended that had begun."""
        self.free(node.name)
        self.ended(node, report)
        self.settle()

    def ended(self, node: Node, report: StepReport) -> None:
        """Note how a step has ended; what follows is for `settle` to do."""
        self._ended.append((node, report, False))

    def free(self, name: str) -> None:
        """Let others start for which a step that had begun has left no room."""
        for parked in self.limits.end(name):
            if not self.states.has_ended(parked):
                self.states.release(self.states.node(parked))

    def leave_out(self, node: Node, because: str) -> None:
        """End a step that will not run because the run, or what it is part of, ends early."""
        self.states.close(node.name)
        self._ended.append((node, StepReport("skipped", because=because), True))

    def settle(self) -> None:
        """Do all that follows from ends of steps."""
        while self._ended:
            node, report, is_known = self._ended.popleft()
            report = self._explained(node, report)
            if self._tries_again(node, report):
                continue
            self._close(node, report)
            if not is_known:
                for skipped, reason in self.states.end(node.name, report.status):
                    self._ended.append((skipped, StepReport("skipped", because=reason), True))
            if (whole := self.control.part_ended(node.name)) is not None:
                self._ended.append((*whole, False))
            if report.status == "failed":
                self._on_failure()

    def _explained(self, node: Node, report: StepReport) -> StepReport:
        """The report of a step that we have ended, saying why."""
        if report.status in ("succeeded", "reused"):
            return report
        if (expired := self.expired.pop(node.name, None)) is not None:
            return replace(report, status="failed", diagnostics=(expired,), because="")
        if report.status == "failed" and self.is_interrupted and not report.is_group:
            return StepReport("interrupted", seconds=report.seconds)
        return report

    def _close(self, node: Node, report: StepReport) -> None:
        self.reports[node.name] = report
        if report.is_group or report.status == "skipped":
            self._execution.done_by_parts(node)
        self.teller.ended(node, report)

    def _tries_again(self, node: Node, report: StepReport) -> bool:
        if report.status != "failed" or self.stopping:
            return False
        log = self._execution.log_text(node)[-_SAID_LAST:]
        return self.attempts.follows(node, report, self._reasons(node, report), log)

    def _reasons(self, node: Node, report: StepReport) -> Iterator[Diagnostic]:
        """Why a step has failed, or the parts of it have."""
        prefix = f"{node.name}."
        for name, each in self.reports.items() if report.is_group else ():
            if name.startswith(prefix):
                yield from each.diagnostics
        yield from report.diagnostics

    def close_rest(self) -> None:
        """End what will not run: first the steps themselves, then what they are part of."""
        for node in self.unbegun():
            self.states.close(node.name)
            self._close(node, StepReport("skipped", because=self.stopping))
        for node in reversed([*self.states.remaining()]):
            status: StepStatus = "interrupted" if self.is_interrupted else "skipped"
            self.states.close(node.name)
            self._close(node, self.control.abandon(node.name, status, self.stopping))

    def unbegun(self) -> list[Node]:
        """The steps that have not ended and have no parts."""
        return [n for n in self.states.remaining() if not self.control.is_group(n.name)]

    def _has_status(self, name: str, status: Status) -> bool:
        """Whether a step has that status or, where there is no name, the workflow."""
        if name:
            return self.states.has_status(name, status)
        failed = any(report.status == "failed" for report in self.reports.values())
        return has_ended_with(not failed and not self.is_cut_short, status)

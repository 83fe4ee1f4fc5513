"""Follows a run of an engine: tells the events that a run here would, and writes them down."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.events import Event, Listener, RunStarted, StepNote
from sqlml.runtime.handed.logs import Told, told_in
from sqlml.runtime.handed.run import End, EngineRun, Moment, StepStatus
from sqlml.runtime.journal import Journal
from sqlml.runtime.report import RunReport, StepReport, closing
from sqlml.runtime.telling import Teller
from sqlml.workflow.ir import Container, Node, Script, Suspend, Workflow
from sqlml.zoo.steps.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Rules:
    """grace: seconds that a step may wait for its image, which somebody may be pushing."""

    grace: float = 120.0
    clock: Callable[[], float] = time.monotonic


def follow(
    run: EngineRun,
    workflow: Workflow,
    journal: Journal,
    *,
    listeners: Sequence[Listener] = (),
    rules: Rules | None = None,
) -> RunReport:
    """Follow a run to its end. Failed steps are told in the report, not raised.

    Raises:
        StepError: E0778 the engine cannot run the workflow at all.
        ProgramError: what the engine raises; the run goes on.
    """
    follower = _Follower(run, workflow, rules or Rules())
    follower.begin(journal, listeners)
    end = None
    for moment in run.moments(workflow):
        follower.see(moment)
        if (end := moment.end) is not None:
            break
    return follower.finish(end or End("interrupted"))


class _Follower:
    def __init__(self, run: EngineRun, workflow: Workflow, rules: Rules) -> None:
        self._run = run
        self._workflow = workflow
        self._nodes = (*workflow.nodes, *workflow.on_exit)
        self._rules = rules
        self._began = rules.clock()
        self._logs: dict[str, str] = {}
        self._started: set[str] = set()
        self._waiting: dict[str, float] = {}
        self._stuck: dict[str, Diagnostic] = {}
        self._reports: dict[str, StepReport] = {}

    def begin(self, journal: Journal, listeners: Sequence[Listener]) -> None:
        """Say who is told."""
        self._journal = journal
        self._listeners = listeners
        self._teller = Teller(
            self._workflow,
            journal,
            tell=self._tell,
            clock=self._clock,
            log=lambda node: self._logs.get(node.name, ""),
        )
        self._teller.added(self._workflow.on_exit)
        names = tuple(node.name for node in self._nodes)
        run, title = self._run.run, self._run.title
        self._tell(RunStarted(0.0, run, self._workflow.name, names, place=title))

    def see(self, moment: Moment) -> None:
        """Tell what is new of the steps."""
        for node in self._nodes:
            status = moment.steps.get(node.name)
            if status is not None and node.name not in self._reports:
                self._see_step(node, status, moment)

    def finish(self, end: End) -> RunReport:
        """Tell how the run has ended."""
        outcome = "failed" if self._stuck and end.outcome != "succeeded" else end.outcome
        for node in self._nodes:
            if node.name not in self._reports:
                self._end(node, StepReport("skipped", because="the run ended before it"))
        report = RunReport(self._run.run, outcome, self._clock(), self._reports)
        self._journal.finish(outcome)
        self._tell(closing(report))
        if outcome == "failed" and not report.diagnostics:
            raise StepError(self._failure("the run", end.message))
        return report

    def _see_step(self, node: Node, status: StepStatus, moment: Moment) -> None:
        if status.state == "skipped":
            self._end(node, StepReport("skipped", because=status.message or "not needed"))
            return
        if status.state == "waiting":
            self._check_image(node, status)
            return
        if node.name not in self._started:
            self._started.add(node.name)
            self._journal.group_started(node)
            self._tell(self._teller.started(node, 0))
            if node.operation == Suspend(None):
                hint = f"sqlml continue {self._run.run}"
                note = f"it waits for you; to let it go on: {hint}"
                self._tell(StepNote(self._clock(), node.name, note))
        if status.state != "running":
            told = told_in(moment.log(node.name, status))
            self._logs[node.name] = told.text
            self._end(node, self._report(node, status, told))

    def _report(self, node: Node, status: StepStatus, told: Told) -> StepReport:
        is_program = isinstance(node.operation, Container | Script)
        outcome = Outcome(told.last_line if is_program else told.summary, told.metrics)
        if status.state == "succeeded":
            return StepReport("succeeded", outcome, seconds=status.seconds)
        if status.state == "interrupted" and node.name not in self._stuck:
            return StepReport("interrupted", seconds=status.seconds)
        if status.lacks_image:
            self._stuck.setdefault(node.name, _no_image(node, status))
        message = status.message or told.last_line
        reasons = told.diagnostics or (self._failure(f"step `{node.name}`", message),)
        if node.name in self._stuck:
            reasons = (self._stuck[node.name],)
        return StepReport("failed", diagnostics=reasons, seconds=status.seconds)

    def _check_image(self, node: Node, status: StepStatus) -> None:
        """Stop a run that waits in vain for an image."""
        if not status.lacks_image:
            self._waiting.pop(node.name, None)
            return
        since = self._waiting.setdefault(node.name, self._rules.clock())
        if node.name in self._stuck or self._rules.clock() - since < self._rules.grace:
            return
        self._stuck[node.name] = _no_image(node, status)
        self._run.stop()

    def _failure(self, what: str, message: str) -> Diagnostic:
        hint = f"sqlml log {self._run.run}"
        return Diagnostic("E0778", f"{what} failed on {self._run.where}", label=message, hint=hint)

    def _end(self, node: Node, report: StepReport) -> None:
        self._reports[node.name] = report
        self._teller.ended(node, report)

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)

    def _clock(self) -> float:
        return self._rules.clock() - self._began


def _no_image(node: Node, status: StepStatus) -> Diagnostic:
    message = f"the image of step `{node.name}` cannot be had"
    hint = "push the image, or name another by --image; is it private, give the cluster access"
    return Diagnostic("E0779", message, label=status.message, hint=hint)


def logs_of(run: EngineRun, known: Mapping[str, str]) -> Mapping[str, str]:
    """What the steps of a run have printed until now. known: what is written down of them."""
    found = dict(known)
    for moment in run.moments(Workflow("", ())):
        for name, status in moment.steps.items():
            if name in known and not known[name]:
                found[name] = told_in(moment.log(name, status)).text
        break
    return found

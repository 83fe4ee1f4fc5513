"""Follows a run on a cluster: tells the events that a run here would, and writes them down."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.cluster.api import Cluster, Object
from sqlml.runtime.cluster.engine import ClusterEngine, End, Look, StepStatus
from sqlml.runtime.cluster.logs import Told, read_logs, told_in
from sqlml.runtime.cluster.submit import Submission, cancel
from sqlml.runtime.events import Event, Listener, RunStarted, StepNote
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
    cluster: Cluster,
    engine: ClusterEngine,
    submission: Submission,
    workflow: Workflow,
    journal: Journal,
    *,
    listeners: Sequence[Listener] = (),
    rules: Rules | None = None,
) -> RunReport:
    """Follow a run to its end. Failed steps are told in the report, not raised.

    Raises:
        StepError: E0778 the engine cannot run the workflow at all.
        ProgramError: what a cluster raises; the run goes on.
    """
    follower = _Follower(cluster, engine, submission, workflow, rules or Rules())
    follower.begin(journal, listeners)
    end = None
    for state in cluster.states(submission.resource, submission.name, engine.refresh):
        follower.see(engine.look(cluster, state, workflow))
        if (end := engine.end(state)) is not None:
            break
    return follower.finish(end or End("interrupted"))


class _Follower:
    def __init__(
        self,
        cluster: Cluster,
        engine: ClusterEngine,
        submission: Submission,
        workflow: Workflow,
        rules: Rules,
    ) -> None:
        self._cluster = cluster
        self._engine = engine
        self._submission = submission
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
        run, place = self._submission.run, self._submission.title
        self._tell(RunStarted(0.0, run, self._workflow.name, names, place=place))

    def see(self, look: Look) -> None:
        """Tell what is new of the steps."""
        for node in self._nodes:
            status = look.steps.get(node.name)
            if status is not None and node.name not in self._reports:
                self._see_step(node, status, look)

    def finish(self, end: End) -> RunReport:
        """Tell how the run has ended."""
        outcome = "failed" if self._stuck and end.outcome != "succeeded" else end.outcome
        for node in self._nodes:
            if node.name not in self._reports:
                self._end(node, StepReport("skipped", because="the run ended before it"))
        report = RunReport(self._submission.run, outcome, self._clock(), self._reports)
        self._journal.finish(outcome)
        self._tell(closing(report))
        if outcome == "failed" and not report.diagnostics:
            raise StepError(self._failure("the run", end.message))
        return report

    def _see_step(self, node: Node, status: StepStatus, look: Look) -> None:
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
                hint = f"sqlml continue {self._submission.run}"
                note = f"it waits for you; to let it go on: {hint}"
                self._tell(StepNote(self._clock(), node.name, note))
        if status.state != "running":
            told = told_in(read_logs(self._cluster, look.pods(status), self._engine.container))
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
        cancel(self._cluster, self._engine, self._submission.resource, self._submission.name)

    def _failure(self, what: str, message: str) -> Diagnostic:
        hint = f"sqlml log {self._submission.run}"
        return Diagnostic("E0778", f"{what} failed on the cluster", label=message, hint=hint)

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


def logs_of(
    cluster: Cluster, engine: ClusterEngine, run: Object, known: Mapping[str, str]
) -> Mapping[str, str]:
    """What the steps of a run have printed until now. known: what is written down of them."""
    look = engine.look(cluster, run, Workflow("", ()))
    found = dict(known)
    for name, status in look.steps.items():
        if name in known and not known[name]:
            log = read_logs(cluster, look.pods(status), engine.container)
            found[name] = told_in(log).text
    return found

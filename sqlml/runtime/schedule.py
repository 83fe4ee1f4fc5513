"""Starts steps when they may run, and takes in what they tell, until all have ended."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import assert_never

from sqlml.errors import Diagnostic, SqlmlError
from sqlml.runtime.alarms import Alarms
from sqlml.runtime.course import Course
from sqlml.runtime.crew import Crew, Rules
from sqlml.runtime.events import Event
from sqlml.runtime.execution import Execution
from sqlml.runtime.journal import Journal
from sqlml.runtime.prepared import Ended, Prepared
from sqlml.runtime.report import ResultSet, StepReport
from sqlml.runtime.states import LANES, Lane
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import Node, Workflow
from sqlml.zoo.steps.outcome import Outcome

_INTERRUPT_SECONDS = 0.05  # between two requests to the database to stop
_DEAF_SECONDS = 1.0  # a signal that comes when a wait is about to begin is heard at its end


class Interruption:
    """The message that the run shall end now."""


Inbox = SimpleQueue[Event | Prepared | Ended | Interruption]


class Scheduler:
    """One thread uses it; steps have their own and answer through the inbox."""

    def __init__(
        self,
        workflow: Workflow,
        execution: Execution,
        journal: Journal,
        inbox: Inbox,
        rules: Rules,
        *,
        tell: Callable[[Event], None],
        clock: Callable[[], float],
        interrupt: Callable[[], None],
    ) -> None:
        """tell: the listeners. interrupt: stops what the database and the workers are doing."""
        self.ran_out = False
        self._workflow = workflow
        self._execution = execution
        self._inbox = inbox
        self._rules = rules
        self._interrupt = interrupt
        self._alarms = Alarms(clock)
        self._is_exiting = False  # the steps run that come last
        self._course = Course(
            workflow,
            execution,
            journal,
            self._alarms,
            tell=tell,
            clock=clock,
            on_failure=self._note_failure,
            memory=rules.memory,
        )
        self._crew = Crew(
            execution,
            journal,
            rules,
            answer=inbox.put,
            tell=self._course.teller.tell,
            started=self._course.teller.started,
            rank=self._course.states.rank,
        )

    @property
    def reports(self) -> dict[str, StepReport]:
        """The reports of all steps that have ended, in the order of the workflow."""
        return self._course.reports_in_order

    @property
    def interrupted(self) -> bool:
        return self._course.is_interrupted

    def run(self) -> None:
        """Run until every step has ended, those on exit last."""
        if self._workflow.timeout is not None:
            self._alarms.set(self._workflow.timeout, self._run_out)
        self._run_all()
        if self._workflow.on_exit and not self._course.is_interrupted:
            self._course.stopping = ""
            self._is_exiting = True
            self._course.add(self._workflow.on_exit, "")
            self._course.settle()
            self._run_all()
        self._crew.close()

    def abandon(self) -> None:
        """End all steps that run, and wait for them; nobody is told but the store, if it can be."""
        self._course.teller.silence()
        with suppress(SqlmlError):
            self._be_interrupted()
        while self._crew.is_busy:
            with suppress(SqlmlError):
                self._handle_next()
        with suppress(SqlmlError):
            self._course.close_rest()
        self._crew.close()

    # --- messages and alarms --------------------------------------------------------------

    def _run_all(self) -> None:
        while not self._course.states.all_ended:
            self._start_steps()
            if self._crew.is_busy or self._course.attempts:
                self._handle_next()
            elif not self._course.states.all_ended:
                assert self._course.stopping, "a step waits for nothing, and has not begun"
                self._course.close_rest()

    def _handle_next(self) -> None:
        left = self._alarms.seconds_left
        waits = [_INTERRUPT_SECONDS if self._course.is_interrupted else _DEAF_SECONDS]
        waits += [] if left is None else [left]
        try:
            message = self._inbox.get(timeout=min(waits))
        except Empty:
            if self._course.is_interrupted:
                self._interrupt()  # what had not begun when it was last told to stop
        else:
            self._handle(message)
        self._alarms.ring()

    def _handle(self, message: Event | Prepared | Ended | Interruption) -> None:
        match message:
            case Interruption():
                self._be_interrupted()
            case Prepared():
                self._crew.answered(message.node.name)
                self._take_prepared(message)
            case Ended():
                self._crew.answered(message.node.name)
                self._course.end(message.node, message.report)
            case Event():
                self._course.teller.tell(message)
            case _:
                assert_never(message)

    # --- beginnings -----------------------------------------------------------------------

    def _start_steps(self) -> None:
        while (
            not self._course.stopping and (node := self._course.states.take("control")) is not None
        ):
            self._decide(node)
        if self._course.stopping:
            return
        if self._rules.serial:
            while self._crew.has_room("light") and (node := self._take(*LANES)):
                self._begin(node)
        else:
            for lane in LANES:
                while self._crew.has_room(lane) and (node := self._take(lane)):
                    self._begin(node)
        self._crew.admit()

    def _take(self, *lanes: Lane) -> Node | None:
        while (node := self._course.states.take(*lanes)) is not None:
            if self._course.limits.begin(node.name):
                return node
        return None

    def _decide(self, node: Node) -> None:
        """Let a step start about which something is to be decided, or skip it, or open it up."""
        report = self._course.control.begin(node)
        if report is not None:
            self._course.ended(node, report)
        elif self._course.control.is_group(node.name):
            self._course.teller.opened(node)
            self._course.limits.set(node.name, self._course.control.parallelism(node))
            self._watch(node)
        else:
            self._course.states.release(node)
        self._course.settle()

    def _begin(self, node: Node) -> None:
        self._crew.begin(
            node, {name: self._course.reports[name].outcome.outputs for name in needs(node)}
        )
        self._watch(node)

    def _take_prepared(self, prepared: Prepared) -> None:
        node, reused = prepared.node, prepared.reused
        if reused is not None:
            outcome = Outcome(reused.summary, reused.metrics, reused.outputs)
            result = ResultSet(path=reused.result) if reused.result else None
            self._course.end(node, StepReport("reused", outcome, result, source=reused.run))
        elif self._course.stopping or node.name in self._course.expired:
            self._course.free(node.name)
            self._course.leave_out(node, self._course.stopping)
            self._course.settle()
        else:
            self._crew.wait_for_admission(prepared)

    # --- ends before the end --------------------------------------------------------------

    def _watch(self, node: Node) -> None:
        """Count an attempt that begins, and see to it that it ends in time."""
        attempt = self._course.attempts.begin(node)
        if node.timeout is not None and node.loop is None:
            self._alarms.set(node.timeout, partial(self._expire, node, attempt))

    def _expire(self, node: Node, attempt: int) -> None:
        """End a step, or all that a group consists of, because its time is over."""
        is_group = self._course.control.is_group(node.name)
        is_running = is_group or node.name in self._crew.names
        if self._course.attempts.number(node) != attempt or not is_running:
            return
        over = _time_is_over(f"step `{node.name}`", node.timeout)
        self._course.expired[node.name] = over
        if is_group:
            self._end_parts(f"{node.name}.", over)
        else:
            self._execution.stop(node.name)

    def _run_out(self) -> None:
        """End what runs, but for the steps that come last, because the workflow's time is over."""
        if not self._is_exiting:
            self.ran_out = True
            over = _time_is_over("the workflow", self._workflow.timeout)
            self._stop(over.message)
            self._end_parts("", over)

    def _end_parts(self, prefix: str, over: Diagnostic) -> None:
        """End the steps whose names begin so: those that run, and those that have not begun."""
        self._course.control.cut(prefix)
        for node in self._crew.withdraw(prefix):
            self._course.free(node.name)
            self._course.leave_out(node, over.message)
        running = [name for name in self._crew.names if name.startswith(prefix)]
        for name in running:
            self._course.expired[name] = over
            self._execution.stop(name)
        for node, _ in self._course.attempts.give_up(prefix):
            self._course.expired[node.name] = over
        for node in self._course.unbegun():
            if node.name.startswith(prefix) and node.name not in running:
                self._course.leave_out(node, over.message)
        self._course.settle()

    def _note_failure(self) -> None:
        if self._rules.stop_on_error:
            self._stop("an earlier step failed")

    def _stop(self, reason: str) -> None:
        """Start nothing more; what has not begun is left out when the rest has ended."""
        self._course.stopping = self._course.stopping or reason
        self._course.is_cut_short = True
        for node in self._crew.withdraw():
            self._course.free(node.name)
            self._course.leave_out(node, self._course.stopping)
        for node, report in self._course.attempts.give_up():
            self._course.ended(node, report)
        self._course.settle()

    def _be_interrupted(self) -> None:
        self._course.is_interrupted = True
        self._interrupt()
        self._stop("the run was interrupted")


def _time_is_over(what: str, seconds: float | None) -> Diagnostic:
    return Diagnostic(
        "E0685",
        f"{what} has not ended within {seconds:g} s",
        hint="give it more time, or find out what it waits for: `sqlml log`",
    )

"""Starts steps when they may run, and takes in what they tell, until all have ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import assert_never

from sqlml.runtime.allocation import Demand, admit, expected_memory, share_threads
from sqlml.runtime.call import step_kind
from sqlml.runtime.events import (
    Event,
    StepFailed,
    StepFinished,
    StepInterrupted,
    StepReused,
    StepSkipped,
    StepStarted,
)
from sqlml.runtime.execution import Ended, Execution, Prepared, is_light
from sqlml.runtime.journal import Journal
from sqlml.runtime.report import ResultSet, StepReport
from sqlml.runtime.states import States
from sqlml.runtime.titles import titles
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import Node, Workflow
from sqlml.zoo.steps.outcome import Outcome

_LIGHT_STEPS = 4  # at a time that only the database works on
_INTERRUPT_SECONDS = 0.05  # between two requests to the database to stop


class Interruption:
    """The message that the run shall end now."""


Inbox = SimpleQueue[Event | Prepared | Ended | Interruption]


@dataclass(frozen=True, slots=True)
class Rules:
    """cores and memory (bytes) to share out; whether a failure stops all; one step at a time."""

    cores: int
    memory: int
    stop_on_error: bool = False
    serial: bool = False


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
        self._states = States(workflow, is_light)
        self._titles = titles(workflow)
        self._rank = {node.name: rank for rank, node in enumerate(workflow.nodes)}
        self._execution = execution
        self._journal = journal
        self._inbox = inbox
        self._rules = rules
        self._tell = tell
        self._clock = clock
        self._interrupt = interrupt
        self._stopping = ""  # why no step starts any more
        self._light: set[str] = set()  # run beside the database
        self._preparing: set[str] = set()  # will run in workers
        self._prepared: dict[str, Prepared] = {}  # wait for cores and memory
        self._working: dict[str, Demand] = {}  # run in workers
        self._threads: Mapping[str, int] = {}
        self.interrupted = False
        self.reports: dict[str, StepReport] = {}

    def run(self) -> None:
        """Run until every step has ended."""
        while not self._states.all_ended:
            self._start_steps()
            if not self._is_busy:
                self._skip_rest()
                return
            self._handle_next()

    def abandon(self) -> None:
        """End all steps that run, and wait for them; nobody is told."""
        self._tell = lambda _event: None
        self._be_interrupted()
        while self._is_busy:
            self._handle_next()
        self._skip_rest()

    def _handle_next(self) -> None:
        try:
            message = self._inbox.get(timeout=_INTERRUPT_SECONDS if self.interrupted else None)
        except Empty:
            self._interrupt()  # what had not begun when it was last told to stop
            return
        match message:
            case Interruption():
                self._be_interrupted()
            case Prepared():
                self._preparing.discard(message.node.name)
                self._light.discard(message.node.name)
                self._take_prepared(message)
            case Ended():
                self._preparing.discard(message.node.name)
                self._light.discard(message.node.name)
                self._end(message.node, message.report)
            case Event():
                self._tell(message)
            case _:
                assert_never(message)

    @property
    def _is_busy(self) -> bool:
        return bool(self._light or self._preparing or self._prepared or self._working)

    def _start_steps(self) -> None:
        if self._stopping:
            return
        if self._rules.serial:
            if not self._is_busy and (node := self._states.take_first()) is not None:
                self._begin(node)
        else:
            while len(self._light) < _LIGHT_STEPS and (node := self._states.take_light()):
                self._begin(node)
            while self._has_room_to_prepare and (node := self._states.take_heavy()):
                self._begin(node)
        if not self._preparing:  # steps that are ready together shall start with equal shares
            self._admit()

    @property
    def _has_room_to_prepare(self) -> bool:
        return len(self._preparing) + len(self._prepared) < self._rules.cores

    def _begin(self, node: Node) -> None:
        (self._light if is_light(node) else self._preparing).add(node.name)
        self._prepare(node)

    def _prepare(self, node: Node) -> None:
        """Find out in a thread what a step needs; a light step is then run there at once."""
        outputs = {name: self.reports[name].outcome.outputs for name in needs(node)}

        def work() -> None:
            message = self._execution.prepare(node, outputs)
            if isinstance(message, Prepared) and is_light(node) and message.reused is None:
                self._inbox.put(self._started(node, 1))
                message = self._execution.run_here(message)
            self._inbox.put(message)

        Thread(target=work, name=node.name, daemon=True).start()

    def _take_prepared(self, prepared: Prepared) -> None:
        node, reused = prepared.node, prepared.reused
        if reused is not None:
            outcome = Outcome(reused.summary, reused.metrics, reused.outputs)
            result = ResultSet(path=reused.result) if reused.result else None
            self._end(node, StepReport("reused", outcome, result, source=reused.run))
        elif self._stopping:
            self._end(node, StepReport("skipped", because=self._stopping))
        else:
            self._prepared[node.name] = prepared

    def _admit(self) -> None:
        """Start prepared steps in workers, as cores and memory allow."""
        demands = [
            Demand(name, expected_memory(prepared.node.resources.memory, prepared.facts))
            for name, prepared in sorted(self._prepared.items(), key=self._place)
        ]
        running = tuple(self._working.values())
        admitted = admit(demands, running, self._rules.cores, self._rules.memory)
        self._share_threads([*self._working, *admitted])
        for demand in demands:
            if demand.step in admitted:
                self._work(self._prepared.pop(demand.step), demand)

    def _place(self, item: tuple[str, Prepared]) -> int:
        return self._rank[item[0]]

    def _work(self, prepared: Prepared, demand: Demand) -> None:
        node, threads = prepared.node, self._threads[demand.step]

        def work() -> None:
            self._inbox.put(self._execution.run_in_worker(prepared, threads))

        self._working[node.name] = demand
        Thread(target=work, name=node.name, daemon=True).start()
        self._journal.step_started(prepared, threads, demand.memory)
        self._tell(self._started(node, threads))

    def _share_threads(self, steps: Sequence[str]) -> None:
        """Give the steps that run, or are about to, their shares of the cores."""
        before, self._threads = self._threads, share_threads(self._rules.cores, steps)
        for name, threads in self._threads.items():
            if before.get(name, threads) != threads:
                self._execution.give_threads(name, threads)

    def _end(self, node: Node, report: StepReport) -> None:
        if self._working.pop(node.name, None) is not None:
            self._share_threads([*self._working])
        if report.status == "failed" and self.interrupted:
            report = StepReport("interrupted", seconds=report.seconds)
        self._close(node, report)
        for skipped, reason in self._states.end(node.name, report.status):
            self._close(skipped, StepReport("skipped", because=reason))
        if report.status == "failed" and self._rules.stop_on_error:
            self._stop("an earlier step failed")

    def _close(self, node: Node, report: StepReport) -> None:
        self.reports[node.name] = report
        self._journal.step_ended(node, report, self._execution.log(node))
        self._tell(self._last_event(node, report))

    def _stop(self, reason: str) -> None:
        self._stopping = self._stopping or reason
        for prepared in tuple(self._prepared.values()):
            del self._prepared[prepared.node.name]
            self._end(prepared.node, StepReport("skipped", because=self._stopping))

    def _be_interrupted(self) -> None:
        self.interrupted = True
        self._interrupt()
        self._stop("the run was interrupted")

    def _skip_rest(self) -> None:
        for node in tuple(self._states.remaining()):
            self._close(node, StepReport("skipped", because=self._stopping))

    def _started(self, node: Node, threads: int) -> StepStarted:
        return StepStarted(*self._about(node), threads)

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

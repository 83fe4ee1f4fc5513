"""The steps that run now: beside the database or in workers, with their shares of the machine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.runtime.allocation import Demand, admit, expected_memory, share_threads
from sqlml.runtime.events import Event, StepStarted
from sqlml.runtime.execution import Execution
from sqlml.runtime.hands import Hands
from sqlml.runtime.journal import Journal
from sqlml.runtime.prepared import Ended, Prepared, lane_of
from sqlml.runtime.states import Lane, Rank
from sqlml.workflow.ir import Node

_MOST_HERE: Mapping[Lane, int] = {"light": 4, "waiting": 64}  # at a time, beside the database


@dataclass(frozen=True, slots=True)
class Rules:
    """cores and memory (bytes) to share out; whether a failure stops all; one step at a time."""

    cores: int
    memory: int
    stop_on_error: bool = False
    serial: bool = False


class Crew:
    """One thread uses it; steps have their own, and answer through `answer`."""

    def __init__(
        self,
        execution: Execution,
        journal: Journal,
        rules: Rules,
        *,
        answer: Callable[[Event | Prepared | Ended], None],
        tell: Callable[[Event], None],
        started: Callable[[Node, int], StepStarted],
        rank: Callable[[str], Rank],
    ) -> None:
        """tell: the listeners. started: the event of a step that starts."""
        self._execution = execution
        self._hands = Hands()
        self._journal = journal
        self._rules = rules
        self._answer = answer
        self._tell = tell
        self._started = started
        self._rank = rank
        self._here: dict[str, Lane] = {}  # run beside the database
        self._preparing: set[str] = set()  # will run in workers
        self._prepared: dict[str, Prepared] = {}  # wait for cores and memory
        self._working: dict[str, Demand] = {}  # run in workers
        self._threads: Mapping[str, int] = {}

    @property
    def is_busy(self) -> bool:
        return bool(self._here or self._preparing or self._prepared or self._working)

    @property
    def names(self) -> tuple[str, ...]:
        """The steps that have begun and not ended."""
        return (*self._here, *self._preparing, *self._prepared, *self._working)

    def has_room(self, lane: Lane) -> bool:
        """Whether one more step of that lane may begin now."""
        if self._rules.serial:
            return not self.is_busy
        if lane == "heavy":
            return len(self._preparing) + len(self._prepared) < self._rules.cores
        return sum(each == lane for each in self._here.values()) < _MOST_HERE[lane]

    def begin(self, node: Node, outputs: Mapping[str, Mapping[str, Any]]) -> None:
        """Find out in a thread what a step needs. One that runs here is then run there at once."""
        lane = lane_of(node)
        if lane == "heavy":
            self._preparing.add(node.name)
        else:
            self._here[node.name] = lane

        def work() -> Prepared | Ended:
            prepared = self._execution.prepare(node, outputs)
            if lane == "heavy" or prepared.reused is not None:
                return prepared
            self._answer(self._started(node, 1))
            return self._execution.run_here(prepared)

        self._do(node, work)

    def wait_for_admission(self, prepared: Prepared) -> None:
        """Let a step that has been prepared start as soon as there are cores and memory."""
        self._prepared[prepared.node.name] = prepared

    def admit(self) -> None:
        """Start prepared steps in workers, as cores and memory allow."""
        if self._preparing:  # steps that are ready together shall start with equal shares
            return
        demands = [
            Demand(name, expected_memory(prepared.node.resources.memory, prepared.facts))
            for name, prepared in sorted(self._prepared.items(), key=lambda p: self._rank(p[0]))
        ]
        running = tuple(self._working.values())
        admitted = admit(demands, running, self._rules.cores, self._rules.memory)
        self._share_threads([*self._working, *admitted])
        for demand in demands:
            if demand.step in admitted:
                self._work(self._prepared.pop(demand.step), demand)

    def close(self) -> None:
        """End the threads of steps, which have all ended."""
        self._hands.close()

    def answered(self, name: str) -> None:
        """Note that a step's thread has ended, or that what it prepared is known."""
        self._preparing.discard(name)
        self._here.pop(name, None)
        if self._working.pop(name, None) is not None:
            self._share_threads([*self._working])

    def withdraw(self, prefix: str = "") -> Iterator[Node]:
        """Give back the steps that have been prepared and not started, whose names begin so."""
        for name in [each for each in self._prepared if each.startswith(prefix)]:
            yield self._prepared.pop(name).node

    def _work(self, prepared: Prepared, demand: Demand) -> None:
        node, threads = prepared.node, self._threads[demand.step]

        self._working[node.name] = demand
        self._do(node, lambda: self._execution.run_there(prepared, threads))
        self._journal.step_started(prepared, threads, demand.memory)
        self._tell(self._started(node, threads))

    def _do(self, node: Node, work: Callable[[], Prepared | Ended]) -> None:
        """Have a thread of its own work for a step. It answers, whatever happens."""

        def answer() -> None:
            try:
                message = work()
            except Exception as error:  # noqa: BLE001 - nobody else could tell: the run would wait
                message = self._execution.failed(node, error)
            self._answer(message)

        self._hands.do(answer)

    def _share_threads(self, steps: Sequence[str]) -> None:
        """Give the steps that run, or are about to, their shares of the cores."""
        before, self._threads = self._threads, share_threads(self._rules.cores, steps)
        for name, threads in self._threads.items():
            if before.get(name, threads) != threads:
                self._execution.give_threads(name, threads)

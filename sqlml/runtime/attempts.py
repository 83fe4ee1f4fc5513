"""The attempts at each step of a run, and those that wait for another one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from sqlml.errors import Diagnostic
from sqlml.runtime.alarms import Alarms
from sqlml.runtime.report import StepReport
from sqlml.workflow.error_kinds import OUT_OF_MEMORY
from sqlml.workflow.ir import Call, Node, Retry

if TYPE_CHECKING:
    from sqlml.runtime.lift import Lift
    from sqlml.runtime.retry import Again


class Attempts:
    """default: what the workflow asks for where a step asks for nothing."""

    def __init__(
        self,
        default: Retry | None,
        alarms: Alarms,
        *,
        tell: Callable[[Node, int, StepReport, "Again"], None],
        start: Callable[[Node], None],
        lift: "Callable[[Node, StepReport], Lift]",
    ) -> None:
        """tell: an attempt has failed, and another follows. start: makes it.

        lift: what a step is given that has run out of memory.
        """
        self._lift = lift
        self._default = default
        self._alarms = alarms
        self._tell = tell
        self._start = start
        self._numbers: Counter[str] = Counter()
        self._waiting: dict[str, tuple[Node, StepReport]] = {}

    def __bool__(self) -> bool:
        """Whether some step waits for another attempt."""
        return bool(self._waiting)

    def begin(self, node: Node) -> int:
        """Count an attempt that begins now; returns its number, from 1."""
        self._numbers[node.name] += 1
        return self._numbers[node.name]

    def number(self, node: Node) -> int:
        """The number of the newest attempt; 0 before the first."""
        return self._numbers[node.name]

    def forget(self, nodes: Iterable[Node]) -> None:
        """Begin to count anew."""
        for node in nodes:
            self._numbers.pop(node.name, None)

    def follows(
        self, node: Node, report: StepReport, reasons: Iterable[Diagnostic], log: str
    ) -> bool:
        """Whether another attempt follows one that has failed; if so, it will be started.

        reasons: why it failed. log: what it printed last.
        """
        from sqlml.runtime.retry import decide, error_kind  # where nothing fails, nobody needs it

        number = self._numbers[node.name]
        if not number or node.loop is not None:  # each round is tried again by itself
            return False
        policy = node.retry or (None if isinstance(node.operation, Call) else self._default)
        kind = error_kind(node, reasons, log)
        lift = self._lift(node, report) if kind is not None and kind.name == OUT_OF_MEMORY else None
        again = decide(node, policy, number, kind, is_lifted=lift is not None and lift.helps)
        if again is None:
            return False
        self._tell(node, number, report, again)
        node = node if lift is None else lift.node
        self._waiting[node.name] = node, report
        self._alarms.set(again.seconds, partial(self._begin_again, node))
        return True

    def give_up(self, prefix: str = "") -> Iterator[tuple[Node, StepReport]]:
        """Let no other attempt follow of the steps whose names begin so; gives their failures."""
        for name in [each for each in self._waiting if each.startswith(prefix)]:
            yield self._waiting.pop(name)

    def _begin_again(self, node: Node) -> None:
        if self._waiting.pop(node.name, None) is not None:
            self._start(node)

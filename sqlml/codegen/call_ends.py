"""Steps that end as a call did, where the steps of what is called stand in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Condition,
    HasStatus,
    Json,
    Node,
    Retry,
    Script,
    Status,
)

_END: Mapping[str, Mapping[str, Json]] = {"flat": {"end": True}}


@dataclass(frozen=True, slots=True)
class Ends:
    """The steps that tell how a call ended.

    end: succeeds if the call did, and is skipped if the call is. failed: fails if the call did,
    else it is skipped; then `end` is not started.
    """

    end: str
    failed: str

    def asked(self, status: Status) -> tuple[str, ...]:
        """The steps that all have a status if the call has it."""
        match status:
            case "failed":
                return (self.failed,)
            case "skipped":
                return tuple(dict.fromkeys((self.end, self.failed)))
            case _:
                return (self.end,)


def ends_of(
    call: Node, waits: tuple[After, ...], inner: Sequence[Node]
) -> tuple[Ends, tuple[Node, ...]]:
    """The names of the steps at the end of a call, and the steps.

    call: with the names of the flat workflow. waits: what it waits for. inner: what it has become.
    """
    taken = {node.name for node in inner}
    end, failed = (_free(f"{call.name[:47]}-{what}", taken) for what in ("end", "failed"))
    after = (*waits, *(After(node.name, "finished") for node in inner))
    any_failed = AnyOf(tuple(HasStatus("failed", node.name) for node in inner))
    guard: Condition = any_failed if call.guard is None else AllOf((call.guard, any_failed))
    never = Retry(0)
    fails = Node(
        failed, Script("exit 1", command=("sh",)), after=after, guard=guard,
        retry=never, place=call.place, ext=_END,
    )  # fmt: skip
    passes = Node(
        end, Script("true", command=("sh",)), after=(*after, After(failed, "passed")),
        guard=call.guard, place=call.place, ext=_END,
    )  # fmt: skip
    return Ends(end, failed), (fails, passes)


def is_end(node: Node) -> bool:
    """Whether a step only tells how a call ended, and is none that somebody has written."""
    return node.ext == _END


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "-2"
    return name

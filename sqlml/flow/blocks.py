"""The blocks of a workflow that is being written, one inside of the other, and what is in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlml.source import Source
from sqlml.workflow.ir import After, AllOf, Condition, Loop, Node, Place
from sqlml.workflow.places import fault

if TYPE_CHECKING:
    from sqlml.flow.values import Statement
    from sqlml.flow.writing import Writing


@dataclass(slots=True)
class Sql:
    """A statement of SQL, planned when all are there."""

    step: "Statement"
    source: Source
    guard: Condition | None
    place: Place

    @property
    def name(self) -> str:
        return self.step.name


@dataclass(slots=True)
class Group:
    """What a loop repeats."""

    name: str
    entries: list["Entry"]
    place: Place
    guard: Condition | None
    loop: Loop | None = None
    after: tuple[After, ...] = ()


Entry = Node | Sql | Group


@dataclass(slots=True, eq=False)
class Block:
    """Where the next step goes. guards: conditions for all in it. is_loop: or inside of one.

    before: the condition of the `when` that has just ended.
    """

    flow: "Writing"
    entries: list[Entry] = field(default_factory=list)
    guards: tuple[Condition, ...] = ()
    is_loop: bool = False
    before: Condition | None = None

    @property
    def guard(self) -> Condition | None:
        return (
            self.guards[0] if len(self.guards) == 1 else AllOf(self.guards) if self.guards else None
        )

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.before = None


_CURRENT: ContextVar[Block | None] = ContextVar("sqlml_flow_block", default=None)


def innermost() -> Block | None:
    """The block that is being written in this thread or task."""
    return _CURRENT.get()


@contextmanager
def writing(block: Block) -> Iterator[None]:
    """Write into a block. With an exception, all that was written since is forgotten."""
    flow, count, named = block.flow, len(block.entries), len(block.flow.names)
    token = _CURRENT.set(block)
    try:
        yield
    except BaseException:
        del block.entries[count:]
        for name in [*flow.names][named:]:
            del flow.names[name]
        flow.numbers.clear()
        raise
    finally:
        _CURRENT.reset(token)


def block_of(flow: "Writing") -> Block:
    """The block of a workflow that is being written.

    Raises:
        ProgramError: E0763, none is, or that of another workflow.
    """
    block = _CURRENT.get()
    if block is None or block.flow is not flow:
        hint = f'write steps inside of `with sqlml.workflow("{flow.name}") as …:`'
        raise fault("E0763", f"workflow `{flow.name}` is not being written here", hint)
    return block

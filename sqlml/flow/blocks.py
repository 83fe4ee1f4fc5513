"""The blocks of a workflow that is being written, one inside of the other, and what is in them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, NoReturn, ParamSpec, TypeVar

from sqlml.errors import Diagnostic, ProgramError
from sqlml.source import Source
from sqlml.workflow.ir import After, AllOf, Condition, Loop, Node, Place
from sqlml.workflow.places import caller, fault

if TYPE_CHECKING:
    from sqlml.flow.values import Statement
    from sqlml.flow.writing import Writing

Given = ParamSpec("Given")
Yielded_co = TypeVar("Yielded_co", covariant=True)


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


class _Opening(AbstractContextManager[Yielded_co]):
    """A block that begins at its `with`."""

    def __init__(
        self, flow: "Writing", name: str, inner: AbstractContextManager[Yielded_co]
    ) -> None:
        self._flow, self._name, self._inner = flow, name, inner
        flow.unopened[id(self)] = name, caller().place

    def __enter__(self) -> Yielded_co:
        self._flow.unopened.pop(id(self), None)
        return self._inner.__enter__()

    def __exit__(self, *error: Any) -> bool | None:
        return self._inner.__exit__(*error)

    def __iter__(self) -> NoReturn:
        self._flow.unopened.pop(id(self), None)
        hint = f"`with flow.{self._name}(…) as …:`, and the steps in it"
        raise fault("E0763", f"`{self._name}` is a block and no list", hint)


def opened_by_with(
    block: Callable[Concatenate[Any, Given], Iterator[Yielded_co]],
) -> Callable[Concatenate[Any, Given], AbstractContextManager[Yielded_co]]:
    """A method of a workflow that is a block; one without its `with` is a mistake."""
    manager = contextmanager(block)

    def opening(
        flow: Any, /, *args: Given.args, **kwargs: Given.kwargs
    ) -> AbstractContextManager[Yielded_co]:
        return _Opening(flow, block.__name__, manager(flow, *args, **kwargs))

    return update_wrapper(opening, block)


def check_opened(flow: "Writing") -> None:
    """Raises: ProgramError: E0763, a block has no `with`, so that nothing is in it."""
    for name, place in flow.unopened.values():
        label = f"at {place.file}:{place.line}:{place.column}"
        message, hint = f"`{name}` has no effect without `with`", f"write `with flow.{name}(…):`"
        raise ProgramError(Diagnostic("E0763", message, label=label, hint=hint))


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

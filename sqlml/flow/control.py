"""Blocks of a workflow: `when`, `otherwise`, `for_each`, `loop_until`, `on_exit`."""

from collections.abc import Iterator
from typing import Any, Literal, cast

from sqlml.flow.blocks import Block, Group, block_of, opened_by_with, writing
from sqlml.flow.options import input_of, rounds_of
from sqlml.flow.values import Condition, ItemOf, Value, term_of
from sqlml.flow.writing import Writing
from sqlml.workflow.ir import (
    Constant,
    ForEach,
    HasStatus,
    Item,
    Loop,
    Not,
    Output,
    Parameter,
    Range,
    Repeat,
)
from sqlml.workflow.places import caller, fault


class Rounds:
    """The rounds of a `loop_until`."""

    def __init__(self, flow: Writing) -> None:
        self.test: Condition | None = None
        self._flow = flow

    def until(self, test: Condition) -> None:
        """Make this the last round if the condition holds at its end."""
        term_of(test, self._flow)
        if self.test is not None:
            hint = "one condition with `&` or `|` says it all"
            raise fault("E0763", "this loop has an `until` already", hint)
        self.test = test


class Control(Writing):
    """The blocks of a workflow."""

    @opened_by_with
    def when(self, test: Condition) -> Iterator[None]:
        """Run the steps in this block if the condition holds; they are skipped otherwise."""
        term = term_of(test, self)
        around = block_of(self)
        inner = Block(self, around.entries, (*around.guards, term), around.is_loop)
        with writing(inner):
            yield
        around.before = term

    @opened_by_with
    def otherwise(self) -> Iterator[None]:
        """Run the steps in this block if the condition of the block before does not hold."""
        around = block_of(self)
        if around.before is None:
            hint = "it stands right behind a `with flow.when(…):` block"
            raise fault("E0763", "there is no `when` before this `otherwise`", hint)
        guards = (*around.guards, Not(around.before))
        with writing(Block(self, around.entries, guards, around.is_loop)):
            yield
        around.before = None

    @opened_by_with
    def on_exit(self, status: Literal["succeeded", "failed", ""] = "") -> Iterator[None]:
        """Run the steps in this block when all others have ended, or only if they have ended so."""
        if status not in ("", "succeeded", "failed"):
            raise fault("E0764", f"`on_exit` takes `succeeded` or `failed`, not {status!r:.60}")
        if block_of(self) is not self.root:
            raise fault("E0763", "`on_exit` is about the whole workflow, not about a block")
        guards = (HasStatus(status),) if status else ()
        with writing(Block(self, self.exits.entries, guards)):
            yield

    @opened_by_with
    def for_each(
        self, items: Any, *, parallelism: int | None = None, name: str = "for-each"
    ) -> Iterator[Value]:
        """Run the steps in this block once for each item, at the same time. Gives the item.

        items: a list, a range, or a value that will be a list; of dicts, an item's fields are
        `item["name"]`. parallelism: at most so many at a time. After the loop, what its steps give
        are lists.
        """
        loop = ForEach(cast("Any", _items(items)), rounds_of("parallelism", parallelism))
        group = self._group(name)
        with writing(Block(self, group.entries, is_loop=True)):
            yield Value(ItemOf("", group.name), None, self)
        self._close(group, loop)

    @opened_by_with
    def loop_until(self, *, max: int, name: str = "loop") -> Iterator[Rounds]:
        """Run the steps in this block again until a condition holds: `loop.until(test)`.

        max: rounds; a condition that does not hold after them fails the step. After the loop, what
        its steps give is what they gave in the last round.
        """
        if isinstance(max, bool) or not isinstance(max, int) or max < 1:
            raise fault("E0764", f"`max` is a number of rounds, not {max!r:.60}")
        rounds = Rounds(self)
        group = self._group(name)
        with writing(Block(self, group.entries, is_loop=True)):
            yield rounds
            if rounds.test is None:
                hint = 'such as `loop.until(coin == "heads")`'
                raise fault("E0763", "this loop has no `until`", hint)
        self._close(group, Repeat(Not(rounds.test.term), max))

    def _group(self, name: str) -> Group:
        return Group(self.unique(name), [], caller().place, block_of(self).guard)

    def _close(self, group: Group, loop: Loop) -> None:
        if not group.entries:
            raise fault("E0763", "there is no step in this loop")
        group.loop = loop
        block_of(self).add(group)


def _items(items: Any) -> Constant | Parameter | Output | Item | Range:
    if isinstance(items, range):
        return Range(items.start, items.stop, items.step)
    if isinstance(items, Value):
        if items.type not in (None, "json", "text"):
            raise fault("E0762", "`for_each` goes over a list, and this value is none")
        return cast("Output", input_of(items))
    if isinstance(items, list | tuple):
        return cast("Constant", input_of(list(items)))
    hint = "give a list, a range, or what a step returns"
    raise fault("E0762", f"`for_each` goes over a list, not over {items!r:.60}", hint)

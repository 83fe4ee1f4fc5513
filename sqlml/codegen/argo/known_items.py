"""Conditions on fields of items that are known, answered here where Argo would misread the fields.

Argo puts a field into the text of a condition, where a quote in it is one of the condition's own.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlml.codegen.argo.templates import refusal
from sqlml.errors import StepError
from sqlml.workflow.conditions import compare
from sqlml.workflow.graph import operands_of
from sqlml.workflow.ir import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    ForEach,
    Item,
    Json,
    Node,
    Not,
    Operand,
)
from sqlml.workflow.texts import as_text

_SAFE = re.compile(r"[\w .,:;/+@-]*")
_ANSWER = "holds-"


def answered(node: Node) -> Node:
    """The step with the answers to its comparisons of fields as fields of the items, if need be.

    Raises:
        ProgramError: E0727, what such a field is compared with is not known.
    """
    loop, guard = node.loop, node.guard
    if guard is None or not (isinstance(loop, ForEach) and isinstance(loop.items, Constant)):
        return node
    items = loop.items.value
    asked = {one.field for one in operands_of(guard) if isinstance(one, Item) and one.field}
    if not asked or not isinstance(items, tuple):
        return node
    known = [item for item in items if isinstance(item, Mapping) and asked <= item.keys()]
    texts = (as_text(item[name]) for item in known for name in asked)
    if len(known) < len(items) or all(map(_SAFE.fullmatch, texts)):
        return node
    answers: list[list[bool]] = []
    guard = _rewritten(guard, node, known, answers)
    told = ({f"{_ANSWER}{n}": each[i] for n, each in enumerate(answers)} for i in range(len(known)))
    more = tuple({**item, **fields} for item, fields in zip(known, told, strict=True))
    return replace(node, guard=guard, loop=replace(loop, items=Constant(more)))


def _rewritten(
    condition: Condition, node: Node, items: list[Mapping[str, Json]], answers: list[list[bool]]
) -> Condition:
    """The condition that asks for answers, which are added: for each item, one."""
    match condition:
        case Comparison(left=left, comparator=sign, right=right):
            if not any(isinstance(side, Item) and side.field for side in (left, right)):
                return condition
            try:
                found = [compare(_of(left, i, node), sign, _of(right, i, node)) for i in items]
            except StepError as error:
                told = error.diagnostics[0]
                raise refusal(node, told.message, told.hint) from error
            answers.append(found)
            return Comparison(Item(f"{_ANSWER}{len(answers) - 1}"), "==", Constant("true"))
        case AllOf(terms=terms):
            return AllOf(tuple(_rewritten(term, node, items, answers) for term in terms))
        case AnyOf(terms=terms):
            return AnyOf(tuple(_rewritten(term, node, items, answers) for term in terms))
        case Not(term=term):
            return Not(_rewritten(term, node, items, answers))
        case _:
            return condition


def _of(side: Operand, item: Mapping[str, Json], node: Node) -> Any:
    match side:
        case Constant(value=value):
            return value
        case Item(field=field) if field:
            return item[field]
        case _:
            message = f"step `{node.name}` compares a field of items, which holds quotes or signs"
            hint = "compare it with a value that is known, or leave such items to a step of its own"
            raise refusal(node, f"{message}, with what is not known yet", hint)

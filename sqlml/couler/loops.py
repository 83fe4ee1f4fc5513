"""Loops: `map` over a list, `exec_while` as long as a condition holds."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from sqlml.couler.bodies import OWN, Body, steps_of, write_all, write_step
from sqlml.couler.conditions import Predicate, called, on_own_output
from sqlml.couler.flow import Draft, Flow, current
from sqlml.couler.job_names import named_by_item
from sqlml.couler.outputs import LoopItem, StepOutput, StepOutputs, first_of, outputs_of
from sqlml.couler.parallel import side_by_side
from sqlml.workflow.ir import Constant, ForEach, Input, Item, Node, Output, Repeat
from sqlml.workflow.places import fault

LIMIT = 90  # rounds; as often as Argo lets a template run itself, with some room around it


def map(function: Callable[..., Any], input_list: Any, *others: Any) -> Any:
    """Write what a function writes once for each item, at the same time; gives all outputs.

    input_list: values, outputs of steps, or what `map`, `concurrent` or a step gives, if that is a
    list. others: more lists, whose items are passed as further arguments.
    """
    called(function, "the first argument of `map`")
    flow = current()
    with flow.undone_on_error():
        if isinstance(input_list, StepOutputs | StepOutput) and not others:
            return _over_output(flow, function, input_list)
        return _over_values(flow, function, _rows([input_list, *others]))


def _rows(lists: Sequence[Any]) -> list[tuple[Any, ...]]:
    for one in lists:
        if isinstance(one, str | bytes | Mapping | StepOutput | StepOutputs) or not isinstance(
            one, Iterable
        ):
            raise fault(
                "E0730",
                f"`map` goes over a list, not over {one!r:.60}",
                "give a list of values, or what another step gives",
            )
    try:
        return list(zip(*lists, strict=True))
    except ValueError as error:
        raise fault("E0730", "the lists of `map` are of different lengths") from error


def _over_output(flow: Flow, function: Callable[..., Any], given: Any) -> StepOutputs:
    """The items are known when the run gets there."""
    output = first_of(given)
    if not isinstance(output, StepOutput) or output.kind == "artifact":
        raise fault("E0730", f"`map` goes over a list, not over {given!r:.60}")
    body = named_by_item([steps_of(flow, lambda: function(LoopItem()))], [LoopItem()])[0]
    name = f"map-{body.steps[-1][1].template}"
    return write_step(flow, body, ForEach(output.reference), name)


def _over_values(flow: Flow, function: Callable[..., Any], rows: list[tuple[Any, ...]]) -> Any:
    bodies: Sequence[Body] = [steps_of(flow, partial(function, *row)) for row in rows]
    if not bodies:
        return StepOutputs()
    bodies = named_by_item(bodies, [row[0] for row in rows])
    if looped := _one_step(bodies):
        return outputs_of(flow.place(*looped))
    return side_by_side(flow, [partial(write_all, flow, body) for body in bodies])


def _one_step(bodies: Sequence[Body]) -> tuple[Draft, Node] | None:
    """The step that does, in a loop, what all the bodies do, if they differ in values alone."""
    if not all(body.is_plain_step for body in bodies):
        return None
    nodes = [body.steps[0][1] for body in bodies]
    shapes = {repr(replace(node, place=None, inputs=_shape(node.inputs))) for node in nodes}
    if len(shapes) > 1:
        return None
    names = [name for name, value in nodes[0].inputs.items() if isinstance(value, Constant)]
    items = tuple({name: _value(node.inputs[name]) for name in names} for node in nodes)
    inputs = {name: Item(name) if name in names else v for name, v in nodes[0].inputs.items()}
    draft = bodies[0].steps[0][0]
    return draft, replace(nodes[0], inputs=inputs, loop=ForEach(Constant(items)))


def _shape(inputs: Mapping[str, Input]) -> dict[str, Any]:
    return {n: None if isinstance(value, Constant) else value for n, value in inputs.items()}


def _value(value: Input) -> Any:
    return value.value if isinstance(value, Constant) else None


map_ = map  # Couler has had both names


def exec_while(
    condition: Predicate, inner_while: Callable[[], Any], limit: int = LIMIT
) -> StepOutputs:
    """Do what a function does, and again as long as what it gives fulfils the condition.

    condition: `equal("tails")` is about the output of the function's last step. limit: rounds; a
    condition that still holds after them fails the step. Gives the outputs of the last round.
    """
    called(inner_while, "the second argument of `exec_while`")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise fault("E0730", f"`limit` must be a number of rounds, not {limit!r:.60}")
    flow = current()
    with flow.undone_on_error():
        body = steps_of(flow, inner_while)
        loop = Repeat(on_own_output(condition, Output(OWN, body.result.name)), limit)
        return write_step(flow, body, loop, f"exec-while-{body.steps[-1][1].template}")

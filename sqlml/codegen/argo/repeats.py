"""Steps that are repeated as long as a condition holds, in Argo's words: templates around them.

A template runs the step, and then itself if the condition holds. Argo lets templates lie some 95
deep in each other; so of more rounds, a template runs the first half of them, and the second half
if the condition still holds after that; and so do the templates of both halves.
"""

from dataclasses import dataclass, replace
from typing import Any

from sqlml.codegen.argo.conditions import when_of
from sqlml.codegen.argo.lifting import Template
from sqlml.codegen.argo.loops import Callee, inputs_around, passed_on
from sqlml.codegen.argo.pods import given
from sqlml.codegen.argo.templates import Library, place_of, refusal
from sqlml.codegen.argo.text import Scope, literal, member
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.graph import operands_of
from sqlml.workflow.ir import (
    Container,
    Input,
    Node,
    Output,
    OutputKind,
    Parameter,
    Repeat,
    Script,
)

DEEP = 90  # rounds, each a template in the one before
ROUNDS = 2_000  # what the status of one object has room for
IMAGE = "busybox"  # of the step that fails, where no step of the loop has an image
_ROUND = "{{inputs.parameters.round}}"


def repeated(
    node: Node, loop: Repeat, scope: Scope, library: Library, body: tuple[str, dict[str, str]]
) -> Callee:
    """What runs a step as long as a condition holds. body: its template, and what that takes
    besides."""
    if loop.limit > ROUNDS:
        raise _too_often(node, loop)
    template, besides = body
    outside: dict[str, Input] = {}
    if not scope.is_top:
        operands = operands_of(loop.condition)
        outside = {one.name: one for one in operands if isinstance(one, Parameter)}
    if clash := next((n for n in outside if node.inputs.get(n, outside[n]) != outside[n]), None):
        message = f"step `{node.name}` and the condition of its loop call two values `{clash}`"
        raise refusal(node, message, "give the step's input another name")
    rounds = _Rounds(node, loop, library, scope.is_top, tuple(besides), tuple(outside), template)
    values = {each: scope.value(value) for each, value in {**outside, **node.inputs}.items()}
    if loop.limit <= DEEP:
        return Callee(rounds.one_in_the_other(), {**values, **besides, "round": "1"})
    return Callee(rounds.in_halves(), {**values, **besides})


@dataclass(frozen=True, slots=True)
class _Rounds:
    """The templates around a step, `template`. besides, outside: what is passed on to it and to
    the condition, besides its inputs.
    """

    node: Node
    loop: Repeat
    library: Library
    is_top: bool
    besides: tuple[str, ...]
    outside: tuple[str, ...]
    template: str

    def one_in_the_other(self) -> str:
        """A template that runs the step, and then itself as long as the condition holds."""
        name = self.library.reserve(f"{self.node.template or self.node.name}-loop")
        step, again = self._step(1), self._step(DEEP, "-again")
        holds = self._holds(step)
        next_round = "{{=asInt(inputs.parameters.round) + 1}}"
        steps = [
            [self._run(step, self.template)],
            [
                self._run(
                    again, name, f"({holds}) && {_ROUND} < {self.loop.limit}", round=next_round
                ),
                self._spent(f"({holds}) && {_ROUND} >= {self.loop.limit}"),
            ],
        ]
        self._fill(name, steps, step, again, "round")
        return name

    def in_halves(self) -> str:
        """A template that runs all rounds, and fails if the condition holds after them."""
        name = self.library.reserve(f"{self.node.template or self.node.name}-loop")
        rounds = self._step(self.loop.limit)
        templates = {1: self.template}
        run = self._run(rounds, self._half(self.loop.limit, templates))
        self._fill(name, [[run], [self._spent(self._holds(rounds))]], rounds, None)
        return name

    def _half(self, count: int, templates: dict[int, str]) -> str:
        """The template that runs the step so many times, if the condition holds so long.

        templates: those that there are, by their count.
        """
        if count not in templates:
            name = f"{self.node.template or self.node.name}-{count}-rounds"
            templates[count] = self.library.reserve(name)
            early, late = count - count // 2, count // 2
            step, again = self._step(early), self._step(late, "-again")
            steps = [
                [self._run(step, self._half(early, templates))],
                [self._run(again, self._half(late, templates), self._holds(step))],
            ]
            self._fill(templates[count], steps, step, again)
        return templates[count]

    def _step(self, rounds: int, mark: str = "") -> Node:
        """The step once, or with its loop, which gives the same as parameters."""
        loop = None if rounds == 1 else self.loop
        return replace(self.node, name=f"{self.node.name}{mark}", loop=loop)

    def _holds(self, step: Node) -> str:
        """Whether the loop's condition holds of what a step has given."""
        return when_of(self.loop.condition, Scope({step.name: step}, "steps", self.is_top))

    def _run(self, step: Node, template: str, when: str = "", **more: str) -> Template:
        around = () if template == self.template else self.outside
        names = dict.fromkeys((*self.node.inputs, *self.besides, *around))
        values = {**{each: f"{{{{inputs.parameters.{each}}}}}" for each in names}, **more}
        arguments = given(arguments=passed_on(self.node, values, {}))
        return {"name": step.name, "template": template, **arguments, **given(when=when)}

    def _spent(self, when: str) -> Template:
        """A step that fails: the condition still holds after the last round."""
        operation = self.node.operation
        image = operation.image if isinstance(operation, Container | Script) else ""
        why = f"the condition still holds after {self.loop.limit} rounds"
        body = {
            "image": literal(image) or IMAGE,
            "command": ["sh", "-c"],
            "args": [f"echo '{why}' >&2; exit 1"],
        }
        template = self.library.put("too-many-rounds", {"container": body})
        return {"name": f"{self.node.name}-spent", "template": template, "when": when}

    def _fill(
        self, name: str, steps: list[list[Template]], step: Node, again: Node | None, *more: str
    ) -> None:
        names = dict.fromkeys((*self.node.inputs, *self.besides, *self.outside, *more))
        inputs = given(inputs=inputs_around(self.node, [*names]))
        outputs = given(outputs=_last_outputs(step, again))
        self.library.fill(name, {**inputs, **outputs, "steps": steps})


def _last_outputs(step: Node, again: Node | None) -> dict[str, Any]:
    """The outputs of the last round: of the rounds after a step, if there were any."""
    parameters, artifacts = [], []
    scope = Scope({one.name: one for one in (step, again) if one}, "steps")
    went_on = member(f"steps.{again.name}.status") if again else ""
    for output in step.outputs:
        mine, later = (
            member(_named(Output(one.name, output.name), output.kind, scope))
            for one in (step, again or step)
        )
        chosen = f"{went_on} == 'Succeeded' ? {later} : {mine}" if again else mine
        if output.kind == "parameter":
            parameters.append({"name": output.name, "valueFrom": {"expression": chosen}})
        elif output.path:
            artifacts.append({"name": output.name, "fromExpression": chosen})
    return given(parameters=parameters, artifacts=artifacts)


def _named(output: Output, kind: OutputKind, scope: Scope) -> str:
    if kind == "parameter":
        return scope.output(output)
    return f"steps.{output.node}.outputs.artifacts.{output.name}"


def _too_often(node: Node, loop: Repeat) -> ProgramError:
    message = f"step `{node.name}` may have {loop.limit:,} rounds, and Argo has room for {ROUNDS:,}"
    hint = f"let a step of its own do more each round, and set the limit to {ROUNDS} or less"
    return ProgramError(Diagnostic("E0832", message, label=place_of(node), hint=hint))

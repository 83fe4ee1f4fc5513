"""Workflows as templates of Argo: the graph of their steps, and what loops need of their own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlml.codegen.argo.children import is_apart, starting
from sqlml.codegen.argo.conditions import (
    beyond_order,
    depends_of,
    is_plain,
    order_of,
    scope_of,
    told_depends,
    when_of,
)
from sqlml.codegen.argo.failures import NOTHING, Orders, forgotten, reminder
from sqlml.codegen.argo.lifting import Template
from sqlml.codegen.argo.lists import marked, marking
from sqlml.codegen.argo.loops import Callee, bundled, once, side_by_side
from sqlml.codegen.argo.pods import given
from sqlml.codegen.argo.repeats import repeated
from sqlml.codegen.argo.templates import Defaults, Library, file_argument, refusal, template_of
from sqlml.codegen.argo.text import Scope, has_template_around, literal
from sqlml.workflow.graph import needs, topological_order
from sqlml.workflow.ir import (
    AllOf,
    Artifact,
    Call,
    Condition,
    ForEach,
    HasStatus,
    Node,
    ParameterDeclaration,
    Repeat,
    Status,
    Suspend,
    Workflow,
)
from sqlml.workflow.texts import as_text


@dataclass
class Flow:
    """Writes the workflows of a program into a library of templates.

    workflows: by name, those that nodes call. written: the templates of those that are done.
    """

    library: Library
    workflows: Mapping[str, Workflow]
    defaults: Defaults
    written: dict[str, str] = field(default_factory=dict)

    def write(self, workflow: Workflow, name: str, *, is_top: bool = False) -> str:
        """Put the templates of a workflow into the library, its own first; its own name."""
        reserved = self.library.reserve(name)
        if workflow.retry is not None:
            workflow = replace(workflow, nodes=tuple(_with_retry(workflow)))
        steps = workflow.ext.get("argo", {}).get("layout") == "steps"
        nodes = {node.name: node for node in workflow.nodes}
        scope = Scope(nodes, "steps" if steps else "tasks", is_top)
        orders = {node.name: order_of(node, scope) for node in workflow.nodes}
        scope = replace(scope, bundled=bundled(workflow, orders), marked=marked(workflow))
        body = self._steps(workflow, scope, orders) if steps else self._dag(workflow, scope, orders)
        parameters = [] if is_top else [*map(_input, workflow.parameters.items())]
        inputs = given(inputs=given(parameters=parameters))
        limit = {} if is_top else given(parallelism=workflow.parallelism)
        self.library.fill(reserved, {**inputs, **_outputs(workflow, scope), **limit, **body})
        return reserved

    # --- steps ---

    def _dag(self, workflow: Workflow, scope: Scope, orders: Orders) -> Template:
        told = {n.name: told_depends(n, orders[n.name], scope) for n in workflow.nodes}
        in_own_words = any(told.values())
        are_plain = map(is_plain, (s for order in orders.values() for s in order.values()))
        is_list = not in_own_words and all(are_plain)
        tasks = []
        for node in workflow.nodes:
            order = orders[node.name]
            depends = told[node.name] or depends_of(order, scope)
            waits = {"dependencies": [*order]} if is_list else {"depends": depends}
            guard = beyond_order(node.guard) if told[node.name] else node.guard
            when = when_of(guard, scope_of(node, scope)) if guard is not None else ""
            tasks.append(self._call(node, scope, waits if order else {}, when))
        if not in_own_words and (failures := forgotten(orders)):
            nothing = self.library.put("nothing", NOTHING)
            tasks += [reminder(name, orders, nothing) for name in failures]
        return {"dag": {"failFast": False, "tasks": tasks}}

    def _steps(self, workflow: Workflow, scope: Scope, orders: Orders) -> Template:
        minded = {
            name
            for order in orders.values()
            for name, statuses in order.items()
            if statuses - {"succeeded", "passed"}
        }
        groups = [
            [
                self._call(
                    node,
                    scope,
                    {"continueOn": {"failed": True, "error": True}} if node.name in minded else {},
                    _guard_of_step(node, orders[node.name], minded, scope),
                )
                for node in group
            ]
            for group in levels(topological_order(workflow))
        ]
        return {"steps": groups}

    def _call(self, node: Node, scope: Scope, order: Mapping[str, Any], guard: str) -> Template:
        """A step or task: what it runs, with what, when and how often."""
        callee = self._callee(node, scope)
        arguments = given(
            parameters=[{"name": k, "value": v} for k, v in callee.parameters.items()],
            artifacts=[_file(node, name, scope) for name in node.files],
        )
        return {
            "name": node.name,
            "template": callee.template,
            **order,
            **given(arguments=arguments, when=guard),
            **callee.loop,
        }

    def _callee(self, node: Node, scope: Scope) -> Callee:
        body = self._body(node)
        if node.name in scope.marked:
            body = marking(node, self.library, body)
        match node.loop:
            case Repeat() as loop:
                return repeated(node, loop, scope, self.library, body)
            case ForEach() as loop if has_template_around(node, scope):
                return side_by_side(node, loop, scope, self.library, body)
            case _:
                return once(node, scope, *body)

    def _body(self, node: Node) -> tuple[str, dict[str, str]]:
        """The template for one round of a node, and the arguments that it takes besides."""
        if not isinstance(node.operation, Call):
            if isinstance(node.operation, Suspend) and node.timeout is not None:
                message = f"step `{node.name}` waits for someone, and Argo sets no limit to that"
                raise refusal(node, message, "let it wait for a number of seconds instead")
            template = template_of(node, self.defaults)
            return self.library.put_shared(node.template or node.name, template)
        if node.timeout is not None or node.retry is not None or node.cache is not None:
            message = f"step `{node.name}` calls a workflow; on Argo only that one's own steps have"
            raise refusal(
                node,
                f"{message} a timeout, a retry or a cache",
                "put it on the steps of the workflow that it calls",
            )
        called = node.operation.workflow
        if is_apart(node):
            return self.library.put(node.name, starting(node, self.workflows[called])), {}
        if called not in self.written:
            self.written[called] = self.write(self.workflows[called], called)
        return self.written[called], {}


def _with_retry(workflow: Workflow) -> Iterator[Node]:
    """The steps, which are tried again as the workflow says where they say nothing."""
    for node in workflow.nodes:
        is_call = isinstance(node.operation, Call)
        yield node if is_call else replace(node, retry=node.retry or workflow.retry)


def levels(nodes: Sequence[Node]) -> list[list[Node]]:
    """Groups of steps, such that all that a step needs is in earlier ones; given in some order."""
    level: dict[str, int] = {}
    groups: list[list[Node]] = []
    for node in nodes:
        level[node.name] = own = 1 + max((level[name] for name in needs(node)), default=-1)
        if own == len(groups):
            groups.append([])
        groups[own].append(node)
    return groups


def _guard_of_step(
    node: Node, order: Mapping[str, frozenset[Status]], minded: set[str], scope: Scope
) -> str:
    """The guard, and what a group of steps does not wait for by itself.

    minded: the steps that may fail without ending all that comes after them.
    """
    terms: list[Condition] = []
    for name, statuses in order.items():
        free = {"finished"} if name in minded else {"finished", "passed"}
        terms += [HasStatus(status, name) for status in sorted(statuses - free)]
    if node.guard is not None:
        terms.append(node.guard)
    return when_of(AllOf(tuple(terms)), scope_of(node, scope)) if terms else ""


def _file(node: Node, name: str, scope: Scope) -> dict[str, Any]:
    source = node.files[name].source
    if isinstance(source, Artifact):
        return file_argument(node, name, source)
    return {"name": name, "from": scope.file(source)}


def _input(declared: tuple[str, ParameterDeclaration]) -> dict[str, Any]:
    name, parameter = declared
    default = {} if parameter.required else {"default": literal(as_text(parameter.default))}
    return {"name": name, **default}


def _outputs(workflow: Workflow, scope: Scope) -> dict[str, Any]:
    """What callers can take, and of what may be skipped, nothing."""
    parameters, artifacts = [], []
    default = {"default": ""} if any(node.guard for node in workflow.nodes) else {}
    is_object = bool(workflow.ext.get("argo", {}).get("apart"))  # its outputs are those of a run
    for name, output in workflow.outputs.items():
        told = {"name": name, **({"globalName": name} if is_object else {})}
        declared = {each.name: each for each in scope.nodes[output.node].outputs}[output.name]
        if declared.kind == "parameter":
            parameters.append({**told, "valueFrom": {**scope.source(output), **default}})
        elif declared.path:
            artifacts.append({**told, "from": scope.file(output)})
    return given(outputs=given(parameters=parameters, artifacts=artifacts))

"""Lists of the texts that a loop's rounds give, in which each stays the text that it is.

Argo makes values of those that look like JSON. So a template around each round marks its texts by a
character that JSON does not begin with, and who takes the list takes the marks away.
"""

from sqlml.codegen.argo.loops import inputs_around, passed_on
from sqlml.codegen.argo.pods import given
from sqlml.codegen.argo.templates import Library
from sqlml.codegen.argo.text import MARK, Scope, member
from sqlml.workflow.ir import ForEach, Node, Output, Workflow
from sqlml.workflow.parts import taken


def marked(workflow: Workflow) -> frozenset[str]:
    """The steps with a loop whose texts others take.

    Couler's programs have none: their lists are Argo's own.
    """
    if "layout" in workflow.ext.get("argo", {}):
        return frozenset()
    loops = {node.name: node for node in workflow.nodes if isinstance(node.loop, ForEach)}
    if not loops:
        return frozenset()
    asked = [*workflow.outputs.values(), *(o for node in workflow.nodes for o in taken(node))]
    return frozenset(o.node for o in asked if o.node in loops and _is_text(loops[o.node], o.name))


def _is_text(node: Node, name: str) -> bool:
    return any(o.name == name and o.kind == "parameter" and o.type == "text" for o in node.outputs)


def marking(
    node: Node, library: Library, body: tuple[str, dict[str, str]]
) -> tuple[str, dict[str, str]]:
    """A template around one round, and what it takes besides. body: those of the round."""
    template, besides = body
    scope = Scope({"run": Node("run", node.operation, outputs=node.outputs)}, "steps")
    names = [*node.inputs, *besides]
    values = {name: f"{{{{inputs.parameters.{name}}}}}" for name in names}
    parameters, artifacts = [], []
    for output in node.outputs:
        source = Output("run", output.name)
        if output.kind == "parameter":
            told = member(scope.output(source))
            marks = f"'{MARK}' + {told}" if output.type == "text" else told
            parameters.append({"name": output.name, "valueFrom": {"expression": marks}})
        elif output.path:
            artifacts.append({"name": output.name, "from": scope.file(source)})
    around = {
        **given(inputs=inputs_around(node, names)),
        **given(outputs=given(parameters=parameters, artifacts=artifacts)),
        "steps": [
            [
                {
                    "name": "run",
                    "template": template,
                    **given(arguments=passed_on(node, values, {})),
                }
            ]
        ],
    }
    return library.put(f"{template}-round", around), besides

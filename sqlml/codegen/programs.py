"""Workflows whose steps are programs: what SQL does becomes a call of the worker."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.graph import compared, givers
from sqlml.workflow.hashing import normalized_sql
from sqlml.workflow.ir import (
    After,
    Constant,
    Container,
    ForEach,
    Input,
    Node,
    Output,
    Parameter,
    ParameterDeclaration,
    Query,
    Run,
    RunId,
    SecretKey,
    Take,
    Text,
    Train,
    Trial,
    Workflow,
)
from sqlml.workflow.operations import PROGRAMS
from sqlml.workflow.secrets import password_of, variable
from sqlml.workflow.serial import encode

STEP = "sqlml-step"
STORE = "store"
# In an image that has a model's class in its zoo folder, it is looked for there.
IN_IMAGE = {"SQLML_ZOO": "/zoo", "SQLML_CONTAINERS": "process"}


@dataclass(frozen=True, slots=True)
class Worker:
    """How steps of SQL are run.

    image: has sqlml installed. command: calls it. store: URL of the artifact store through which
    tables, models and results move; empty: it is given when the workflow is started. db: instead of
    a store, the path of a DuckDB file that all steps open, one after the other. folder: where the
    files lie that the program names by relative paths. outputs: the folder
    that a step writes its output parameters to.
    """

    image: str = "sqlml:latest"
    command: tuple[str, ...] = ("sqlml", "step")
    store: str = ""
    db: str = ""
    folder: str = ""
    outputs: str = "/tmp/sqlml-outputs"


def as_programs(workflow: Workflow, worker: Worker) -> Workflow:
    """The workflow without operations of SQL: each is a container that runs `sqlml step`.

    Models, tables and results do not pass through the engine but through the artifact store, so
    that only the order of such steps is left, and the parameters that others take from them.
    """
    if all(isinstance(node.operation, PROGRAMS) for node in _all_nodes(workflow)):
        return workflow
    lowered = [_lower(part, worker) for part in (workflow, *workflow.workflows)]
    parameters = dict(workflow.parameters)
    if not worker.db:
        parameters[STORE] = ParameterDeclaration(
            default=worker.store or None,
            required=not worker.store,
            description="URL of the artifact store",
        )
    return replace(lowered[0], parameters=parameters, workflows=tuple(lowered[1:]))


def _all_nodes(workflow: Workflow) -> Iterator[Node]:
    for part in (workflow, *workflow.workflows):
        yield from part.nodes
        yield from part.on_exit


def _lower(workflow: Workflow, worker: Worker) -> Workflow:
    used = used_parameters(workflow)
    earlier: list[Query] = []
    nodes: list[Node] = []
    images = _images(workflow)
    for node in (*workflow.nodes, *workflow.on_exit):
        if isinstance(node.operation, PROGRAMS):
            nodes.append(node)
        else:
            own = replace(worker, image=images.get(node.name, worker.image))
            step = _step(node, tuple(earlier), used, own)
            env: dict[str, Text | SecretKey] = {**_passwords(node, earlier)}
            env |= IN_IMAGE if node.name in images else {}
            nodes.append(replace(step, template="", env={**step.env, **env}) if env else step)
        if isinstance(node.operation, Query) and (node.operation.session or _defines(node)):
            _check_session(node)
            earlier.append(node.operation)
    count = len(workflow.nodes)
    return replace(workflow, nodes=tuple(nodes[:count]), on_exit=tuple(nodes[count:]))


def _passwords(node: Node, earlier: Sequence[Query]) -> dict[str, SecretKey]:
    """The secrets that a step needs for the remote databases that are attached, as variables."""
    own = [node.operation] if isinstance(node.operation, Query) else []
    texts = [query.sql for query in (*earlier, *own) if "attach" in query.sql.casefold()]
    if not texts:
        return {}
    from sqlml.databases.remote.address import address  # loads Arrow

    attached = map(address, texts)
    keys = [password_of(one.secret) for one in attached if one is not None and one.secret]
    return {variable(key): key for key in keys}


def used_parameters(workflow: Workflow) -> frozenset[tuple[str, str]]:
    """The outputs that the engine itself has to carry: those that programs and conditions take."""
    found: set[tuple[str, str]] = {(o.node, o.name) for o in workflow.outputs.values()}
    for node in (*workflow.nodes, *workflow.on_exit):
        found.update((output.node, output.name) for output in compared(node.guard))
        if isinstance(node.loop, ForEach) and isinstance(node.loop.items, Output):
            found.add((node.loop.items.node, node.loop.items.name))
        if isinstance(node.operation, PROGRAMS):
            taken = [value for value in node.inputs.values() if isinstance(value, Output)]
            found.update((output.node, output.name) for output in taken)
    return frozenset(found)


def _step(
    node: Node, earlier: tuple[Query, ...], used: frozenset[tuple[str, str]], worker: Worker
) -> Node:
    """The call of the worker that does what a node of SQL does."""
    alone = Node(node.name, node.operation, node.inputs, node.outputs, place=node.place)
    told = {"node": encode(alone), **({"session": encode(earlier)} if earlier else {})}
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    inputs: dict[str, Input] = {"run": RunId(), "step": Constant(text)}
    data: tuple[Text, ...] = ("--db", worker.db)
    if not worker.db:
        inputs[STORE] = Parameter(STORE)
        data = ("--store", Take(STORE))
    if worker.folder:
        data = (*data, "--folder", worker.folder)
    outputs = tuple(
        replace(output, path=f"{worker.outputs}/{output.name}")
        for output in node.outputs
        if (node.name, output.name) in used
    )
    written: tuple[Text, ...] = ("--outputs", worker.outputs) if outputs else ()
    call = Container(
        worker.image, worker.command, (*data, "--run", Take("run"), *written, Take("step"))
    )
    waits = {after.node for after in node.after}
    order = tuple(After(name) for name in dict.fromkeys(givers(node)) if name not in waits)
    return replace(
        node,
        operation=call,
        inputs=inputs,
        outputs=outputs,
        after=(*node.after, *order),
        template="" if outputs else STEP,
    )


def _images(workflow: Workflow) -> dict[str, str]:
    """The images of steps that need their own: what TO RUN names, or what has the model's class."""
    found: dict[str, str] = {}
    for node in (*workflow.nodes, *workflow.on_exit):
        models = [
            v.node for v in node.inputs.values() if isinstance(v, Output) and v.name == "model"
        ]
        if image := _image(node) or next((found[one] for one in models if one in found), ""):
            found[node.name] = image
    return found


def _image(node: Node) -> str:
    """The image that TO RUN names, in which `sqlml step` starts what stands behind CMD; or the one
    that `TO TRAIN image/Class` names.

    Raises:
        ProgramError: E0965 nothing stands behind CMD.
    """
    if isinstance(node.operation, Train | Trial):
        return _estimator(node.operation).rpartition("/")[0]
    if not isinstance(node.operation, Run) or not node.operation.in_image:
        return ""
    if not node.operation.arguments:
        message = f"step `{node.name}` has no CMD, and a step on an engine needs one"
        hint = "name the program: `TO RUN image CMD 'prog.py'`; the image must have sqlml, too"
        raise ProgramError(Diagnostic("E0965", message, label=_label(node), hint=hint))
    return node.operation.program


def _defines(node: Node) -> bool:
    """Whether a statement makes what no artifact store holds: a schema, a macro, a type …"""
    sql = node.operation.sql if isinstance(node.operation, Query) else ""
    return _DEFINITION.match(normalized_sql(sql)) is not None


def _check_session(node: Node) -> None:
    """What lasts for a connection is done again before every later step; not all can be.

    Raises:
        ProgramError: E0753 a secret, which no engine's file may hold; E0754 a transaction.
    """
    from sqlml.grammar.secrets import without_secrets  # other programs need no grammar

    sql = node.operation.sql if isinstance(node.operation, Query) else ""
    label = _label(node)
    if without_secrets(sql) != sql:
        hint = "leave it out, and give the worker its credentials by environment variables"
        message = f"step `{node.name}` holds a secret, which an engine's file must not"
        raise ProgramError(Diagnostic("E0753", message, label=label, hint=hint))
    if sql.split(None, 1)[0].upper().rstrip(";") in _TRANSACTIONS:
        message = f"step `{node.name}` is part of a transaction, and steps run apart on an engine"
        hint = "run it here, or write one statement instead"
        raise ProgramError(Diagnostic("E0754", message, label=label, hint=hint))


def _estimator(operation: Train | Trial) -> str:
    """What is trained; of a search, the first candidate."""
    if isinstance(operation, Train):
        return operation.estimator
    from sqlml.zoo.search import Search  # loads the attributes of models

    return Search.from_json(operation.search).candidates[0].estimator


def _label(node: Node) -> str:
    place = node.place
    return f"at {place.file}:{place.line}:{place.column}" if place else ""


_DEFINITION = re.compile(
    r"CREATE (OR REPLACE )?(SCHEMA|MACRO|FUNCTION|TYPE|SEQUENCE)\b", re.IGNORECASE
)
_TRANSACTIONS = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"})

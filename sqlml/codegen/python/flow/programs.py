"""What a step that is a program does, as one expression."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlml.codegen.python.flow.scope import Left, Scope, Value, reader
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.program import Program
from sqlml.workflow.functions import Called, argument, function_in
from sqlml.workflow.ir import (
    Container,
    Http,
    Node,
    Output,
    OutputDeclaration,
    Resource,
    Script,
    SecretKey,
    Suspend,
    Take,
    ValueType,
)
from sqlml.workflow.secrets import variable

_PYTHONS = ("python", "python3")
_PULL = {"IfNotPresent": "missing", "Always": "always", "Never": "never"}
_FIELD = re.compile(r"\{(?:\.([\w.-]+))?\}")
_WANTED = re.compile(r"\s*([\w.-]+)\s*(==|=|!=|>|<)\s*([\w.-]+)\s*")


class Functions:
    """The functions of Python that the steps of a workflow are. texts: by name."""

    def __init__(self, program: Program, nodes: Iterable[Node]) -> None:
        self.program = program
        self.texts: dict[str, str] = {}
        self._called: dict[int, Called] = {}  # by the step's identity
        for node in nodes:
            found = _function(node)
            if found is None:
                continue
            if self.texts.get(found.name) == found.text or program.claim(found.name):
                self.texts[found.name] = found.text
                self._called[id(node)] = found

    def of(self, node: Node) -> Called | None:
        """The function that a step is, if it can be called as it is."""
        return self._called.get(id(node))


def _function(node: Node) -> Called | None:
    """The function that a step calls with nothing but its inputs."""
    match node.operation:
        case Script(image="", command=("python",), args=(), working_dir="") as script:
            found = None if node.files else function_in(script.source)
        case _:
            return None
    own = {argument(i): Take(name) for i, name in enumerate(node.inputs)}
    return found if own == node.env and found and len(found.are_text) == len(own) else None


def expression(functions: Functions, node: Node, scope: Scope) -> str:
    """What gives the step's outputs; of one that gives nothing, what does it."""
    if called := functions.of(node):
        return _called(called, node, scope)
    match node.operation:
        case Script() as script:
            text = _script(functions.program, script, node, scope)
        case Container() as container:
            words = [literal(container.image), scope.words(container.command, node)]
            if container.args:
                words.append(scope.words(container.args, node))
            text = call("container", *words, **_flags(container, node), **_given(node, scope))
        case Suspend(None):
            text = call("input", literal(f"{node.name} waits; Enter lets it go on: "))
        case Suspend(seconds):
            text = call("time.sleep", f"{seconds:g}")
        case Http() as http:
            text = _http(http, node, scope)
        case Resource() as resource:
            text = _resource(functions.program, resource, node, scope)
        case other:
            raise TypeError(f"not a program: {other}")
    return _typed(text, node)


def left_by(node: Node) -> Left:
    """What a program leaves in a variable."""
    types = {one.name: one.type for one in node.outputs}
    return Left("", types, is_record=not _is_plain(node))


def _is_plain(node: Node) -> bool:
    """Whether what a step gives is one value: what it prints, or is answered."""
    return not node.outputs or (
        len(node.outputs) == 1
        and not node.outputs[0].path
        and not isinstance(node.operation, Resource)
    )


def _called(function: Called, node: Node, scope: Scope) -> str:
    values = map(scope.value, node.inputs.values())
    words = [*map(_argument, values, function.are_text)]
    text = call(function.name, *words)
    is_float = any(one.type == "float" for one in node.outputs)
    return call("float", text) if is_float else text


def _argument(value: Value, is_text: bool) -> str:
    if is_text:
        return value.text if value.type in ("text", None) else call("as_text", value.text)
    return call("json.loads", value.text) if value.type == "text" else value.text


def _script(program: Program, script: Script, node: Node, scope: Scope) -> str:
    source = literal(script.source)
    named = _given(node, scope)
    if script.image:
        words = [literal(script.image), literal([*script.command, "/tmp/script"])]
        if script.args:
            words.append(scope.words(script.args, node))
        return call("container", *words, source=source, **_flags(script, node), **named)
    first, *rest = script.command
    interpreter = ["sys.executable" if first in _PYTHONS else literal(first), *map(literal, rest)]
    words = [f"[{', '.join(interpreter)}]", source]
    if script.args:
        words.append(scope.words(script.args, node))
    if script.working_dir:
        named["folder"] = literal(script.working_dir)
    return call("script", *words, **named)


def _given(node: Node, scope: Scope) -> dict[str, str]:
    """What programs find and leave besides what they print."""
    named = {}
    if node.env:
        env = {
            name: f'os.environ["{variable(value)}"]'
            if isinstance(value, SecretKey)
            else scope.word(value, node)
            for name, value in node.env.items()
        }
        named["env"] = _dict(env)
    if node.files:
        files = {
            file.path: scope.left[file.source.node].output(file.source.name).text
            for file in node.files.values()
            if isinstance(file.source, Output)
        }
        named["finds"] = _dict(files)
    if not _is_plain(node):
        for kind in ("leaves", "keeps"):
            told = {one.name: literal(one.path) for one in node.outputs if _leaves(one) == kind}
            if told:
                named[kind] = _dict(told)
    return named


def _leaves(output: OutputDeclaration) -> str:
    return "leaves" if output.kind == "parameter" else "keeps"


def _flags(operation: Container | Script, node: Node) -> dict[str, str]:
    """What a container is to have, as the engine of containers is told."""
    resources = node.resources
    asked: Mapping[str, Any] = {
        "--pull": _PULL.get(operation.pull),
        "--workdir": operation.working_dir,
        "--cpus": resources.cpu and f"{resources.cpu:g}",
        "--memory": resources.memory_limit,
        "--gpus": resources.gpu,
    }
    flags = [word for name, value in asked.items() if value for word in (name, str(value))]
    return {"flags": literal(flags)} if flags else {}


def _http(http: Http, node: Node, scope: Scope) -> str:
    named = {}
    if http.method != "GET":
        named["method"] = literal(http.method)
    if http.headers:
        named["headers"] = _dict({name: scope.word(v, node) for name, v in http.headers.items()})
    if http.body:
        named["body"] = scope.word(http.body, node)
    if http.timeout != Http("").timeout:
        named["timeout"] = f"{http.timeout:g}"
    return call("ask_server", scope.word(http.url, node), **named)


def _resource(program: Program, resource: Resource, node: Node, scope: Scope) -> str:
    if resource.action == "patch":
        program.refuse(node, "it patches an object of a cluster")
    named = {}
    for name in ("success", "failure"):
        if told := getattr(resource, name):
            wanted = [_WANTED.fullmatch(one) for one in told.split(",")]
            if None in wanted:
                program.refuse(node, f"it has no words for the condition `{told}`")
            groups = [one.groups() for one in wanted if one]
            named[name] = literal([f"{path} {sign} {value}" for path, sign, value in groups])
    fields = {}
    for one in node.outputs:
        found = _FIELD.fullmatch(one.path)
        if found is None:
            program.refuse(node, f"it has no words for the field `{one.path}`")
        else:
            fields[one.name] = literal(found[1] or "")
    if fields:
        named["leaves"] = _dict(fields)
    manifest = scope.word(resource.manifest, node)
    return call("kubectl", literal(resource.action), manifest, **named)


def _typed(text: str, node: Node) -> str:
    """What a program has left as text, as values of their types."""
    if _is_plain(node):
        kind: ValueType = node.outputs[0].type if node.outputs else "text"
        return call(reader(kind), text) if reader(kind) else text
    readers = {one.name: reader(one.type) for one in node.outputs if reader(one.type)}
    return call("typed", text, _dict(readers)) if readers else text


def _dict(parts: Mapping[str, str]) -> str:
    pairs: Iterator[str] = (f"{literal(name)}: {text}" for name, text in parts.items())
    return f"{{{', '.join(pairs)}}}"

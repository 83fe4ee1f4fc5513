"""What steps are called on their lines: `xgboost.gbtree → iris_model`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlml.grammar.model_functions import for_people
from sqlml.grammar.secrets import without_secrets
from sqlml.workflow.ir import (
    Alter,
    Call,
    Check,
    Container,
    Evaluate,
    Explain,
    Http,
    Input,
    Job,
    Manage,
    ModelReference,
    Node,
    Output,
    Predict,
    Query,
    Resource,
    Run,
    Script,
    Solve,
    Suspend,
    Train,
    Trial,
    Workflow,
)

_LONGEST = 60

LET_GO = "until it is let go on"

Targets = Mapping[tuple[str, str], str]


def titles(workflow: Workflow) -> Mapping[str, str]:
    """The titles of all steps, by name."""
    return Titles((*workflow.nodes, *workflow.on_exit))


class Titles(dict[str, str]):
    """The titles of steps, by name. There may come more steps."""

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        super().__init__()
        self._targets: dict[tuple[str, str], str] = {}
        self.add(tuple(nodes))

    def add(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            self._targets.update({(node.name, o.name): o.target for o in node.outputs})
        self.update({node.name: _title(node, self._targets) for node in nodes})


def _title(node: Node, targets: Targets) -> str:
    operation: Any = node.operation
    match operation:
        case Query(sql=sql, writes=writes):
            return f"→ {', '.join(writes)}" if writes else _first_words(sql)
        case Train(estimator=estimator, into=into):
            return f"{estimator} → {into}"
        case Trial(number=number, trials=trials):
            return f"trial {number}/{trials} → {node.outputs[0].target}"
        case Predict(into=into) | Evaluate(into=into) | Explain(into=into) | Check(into=into):
            model = _model_name(node.inputs, targets)
            return f"{model} → {into}" if into else model
        case Solve(solver=solver, into=into):
            return f"{solver} → {into}" if into else solver
        case Manage(action=action, model=model, version=version):
            return f"{action} {_reference(model, version)}".strip()
        case Alter(action=action, name=name):
            return f"{action} {name} of {_model_name(node.inputs, targets)}"
        case Job(action=action, name=name):
            return f"{action} {name}".strip()
        case Run(program=program, into=into):
            return f"{program} → {', '.join(into)}" if into else program
        case _:
            return _program_title(operation)


def _program_title(operation: Any) -> str:
    match operation:
        case Script(source=source):
            lines = [line for line in map(str.strip, source.splitlines()) if line]
            telling = (line for line in lines if not line.startswith(("import ", "from ", "#")))
            return _first_words(next(telling, lines[0] if lines else ""))
        case Container(image=image, command=command):
            return " ".join([image, *(word for word in command[:1] if isinstance(word, str))])
        case Http(method=method, url=url):
            return f"{method} {url}" if isinstance(url, str) else method
        case Suspend(seconds=seconds):
            return LET_GO if seconds is None else f"{seconds:g} s"
        case Resource(action=action):
            return f"{action} an object"
        case Call(is_part=True):
            return ""
        case Call(workflow=workflow):
            return workflow
        case _:  # a kind of step that another package brings
            return type(operation).__name__.lower()


def _model_name(inputs: Mapping[str, Input], targets: Targets) -> str:
    match inputs.get("model"):
        case ModelReference(name=name, version=version):
            return _reference(name, version)
        case Output(node=node, name=name):
            return targets.get((node, name), "")
        case _:
            return ""


def _reference(name: str, version: int | str | None) -> str:
    return name if version is None else f"{name}@{version}"


def _first_words(sql: str) -> str:
    words = " ".join(without_secrets(for_people(sql)).split())
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"

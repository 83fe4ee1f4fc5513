"""A step that does what another one has just done: it takes what that one has left."""

import json
import shutil
from dataclasses import dataclass, replace

from sqlml.databases.names import quoted
from sqlml.optimizer.reuse import Reused
from sqlml.runtime.call import StepCall
from sqlml.runtime.context import DriverContext
from sqlml.runtime.report import ResultSet
from sqlml.workflow.creation import creation
from sqlml.workflow.ir import Node, Query, Train
from sqlml.zoo.bundle import FILE, read_manifest
from sqlml.zoo.steps.outcome import Outcome


@dataclass(frozen=True, slots=True)
class _Done:
    node: Node
    outcome: Outcome
    result: ResultSet | None


class DoneSteps:
    """The steps of a run that have ended well, by their names."""

    def __init__(self) -> None:
        self._steps: dict[str, _Done] = {}

    def add(self, node: Node, outcome: Outcome, result: ResultSet | None) -> None:
        """Note what a step has come to. result: its result set."""
        self._steps[node.name] = _Done(node, outcome, result)

    def add_reused(self, node: Node, reused: Reused) -> None:
        """Note what an earlier run has left of a step."""
        result = ResultSet(path=reused.result) if reused.result else None
        self.add(node, Outcome(reused.summary, reused.metrics, reused.outputs), result)

    def take(self, node: Node, context: DriverContext) -> Outcome:
        """Leave under the names of `node` what the step has left that does the same."""
        done = self._steps[node.same_as]
        outputs = dict(done.outcome.outputs)
        for mine, theirs in zip(node.outputs, done.node.outputs, strict=True):
            match mine.kind:
                case "table":
                    _copy_table(node, mine.target, theirs.target, context)
                case "model":
                    outputs[mine.name] = _copy_model(node, outputs[theirs.name], context)
                case "dataset" if done.result is not None:
                    _copy_rows(done.result, context)
        told = filter(None, (f"as `{done.node.name}`", done.outcome.summary))
        return replace(done.outcome, summary=": ".join(told), outputs=outputs)


def _copy_table(node: Node, mine: str, theirs: str, context: DriverContext) -> None:
    rows = f"FROM {quoted(theirs)}"
    if not isinstance(node.operation, Query):
        context.create({mine: rows})
    elif found := creation(node.operation):
        StepCall.of(replace(node.operation, sql=f"{found.head} {rows}"), {}).run(context)


def _copy_model(node: Node, reference: str, context: DriverContext) -> str:
    """The same model as the next version of another one; what it says of itself is its own."""
    found, folder = context.model(reference), context.folder / "model"
    shutil.copytree(found, folder)
    manifest = read_manifest(json.loads((folder / FILE).read_text("utf-8")))
    (folder / FILE).unlink()
    assert isinstance(node.operation, Train)
    own = replace(manifest, statement=node.operation.statement)
    return context.publish(node.operation.into, folder, own.to_json())


def _copy_rows(result: ResultSet, context: DriverContext) -> None:
    """The result set; one in a file becomes another file, which goes when nobody needs it."""
    rows = result.read()
    context.result(rows if result.path is None else rows.to_reader())

"""What a step leaves behind, and whether leaving it be is as good as running the step again."""

from collections.abc import Mapping
from pathlib import Path

from sqlml.store.bundle import digest as file_digest
from sqlml.workflow.hashing import digest
from sqlml.workflow.ir import Alter, Job, Manage, Node, Query, Relation, Run
from sqlml.workflow.operations import PROGRAMS


def result_left(node: Node, outputs: Mapping[str, str], results: Path) -> Path | None:
    """The file of a statement's result set. What a program calls so is a value.

    results: the folder of result sets.
    """
    name = None if isinstance(node.operation, PROGRAMS) else outputs.get("result")
    return results / name if name else None


def files_left(node: Node, outputs: Mapping[str, str], results: Path) -> list[Path]:
    """Its result set, plots, and the files that a program has written."""
    if isinstance(node.operation, PROGRAMS):
        left = {output.name for output in node.outputs if output.kind != "parameter"}
        return [Path(path) for name, path in outputs.items() if name in left]
    result = result_left(node, outputs, results)
    plots = [Path(path) for name, path in outputs.items() if name.startswith("plot")]
    return [result, *plots] if result else plots


def content(path: Path) -> str:
    """The digest of a file, or of all that is in a folder; where it is does not matter."""
    files = sorted(path.rglob("*")) if path.is_dir() else (path,)
    found = {
        file.relative_to(path).as_posix(): file_digest(file) for file in files if file.is_file()
    }
    return digest(found)


def is_repeatable(node: Node) -> bool:
    """Whether the step, run again on the same data, leaves the same behind."""
    if isinstance(node.operation, PROGRAMS):
        return node.cache is not None
    match node.operation:
        case Query() as query:
            return query.repeatable and query.deterministic
        case Manage() | Alter() | Job():
            return False
        case Run(ready_made=False):
            return False
        case _:
            relations = [v for v in node.inputs.values() if isinstance(v, Relation)]
            return all(relation.deterministic for relation in relations)

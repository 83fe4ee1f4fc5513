"""RUN of a ready-made program in a plain script: the SQL that it is."""

from collections.abc import Iterator

from sqlml.codegen.python.layout import quoted
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Node, Relation, Run
from sqlml.zoo.runnables import RUNNABLES
from sqlml.zoo.runnables.contract import Sources


def write(program: Program, node: Node, run: Run) -> Iterator[str]:
    rows, reference = node.inputs.get("rows"), node.inputs.get("reference")
    if not run.ready_made:
        program.refuse(node, f"it starts the program `{run.program}`")
    elif not isinstance(rows, Relation) or not isinstance(reference, Relation | None):
        program.refuse(node, "its rows are not those of a query")
    else:
        sources = Sources(rows.sql, reference.sql if reference else None)
        runnable = RUNNABLES.load(run.program)
        options, _places = runnable.options(run.arguments)
        queries = runnable.build(sources, options, len(run.into))
        yield from _tables(run.into, queries)


def _tables(names: tuple[str, ...], queries: tuple[str, ...]) -> Iterator[str]:
    if not names:
        yield f"con.sql({quoted(queries[0])}).show()"
    for name, query in zip(names, queries, strict=False):
        yield f"con.execute({quoted(f'CREATE OR REPLACE TABLE {name} AS{chr(10)}{query}')})"

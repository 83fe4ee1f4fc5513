"""ATTACH of a SQLite file in a plain script: the tables that the program names are read by ADBC."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.program import Program
from sqlml.quoting import as_written, parts
from sqlml.workflow.ir import Node, Query, Relation

_HINT = (
    "attach it as DuckDB itself does, `ATTACH 'host=… dbname=…' AS name (TYPE postgres)`; `sqlml"
    " run` reads it as it is"
)


def attached(program: Program, node: Node, sql: str) -> Iterator[str] | None:
    """The lines for what sqlml, not DuckDB, reads; None for any other statement."""
    from sqlml.databases.remote.address import address  # loads Arrow

    found = address(sql) if sql.lstrip()[:6].upper() == "ATTACH" else None
    if found is None:
        return None
    if not found.url.lower().startswith("sqlite:"):
        reason = f"it has no words for the tables of `{found.url}`"
        program.refuse(node, reason, _HINT)
        return iter(())
    path = unquote(urlsplit(found.url).path[1:])
    tables = list(dict.fromkeys(_tables(program, found.name)))
    told = [literal(path), literal(as_written(found.name)), literal(tables)]
    return iter([call("attach_sqlite", *told)])


def _tables(program: Program, database: str) -> Iterator[str]:
    """The tables of a database that the program names, by their names without schema."""
    for name in _read(program):
        first, *rest = parts(name)
        if rest and first.casefold() == database.casefold():
            yield rest[-1]


def _read(program: Program) -> Iterator[str]:
    for node in program.workflow.nodes:
        if isinstance(node.operation, Query):
            yield from node.operation.reads
        for given in node.inputs.values():
            if isinstance(given, Relation):
                yield from given.reads

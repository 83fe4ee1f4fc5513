"""What a step on an engine needs from the artifact store, and what it leaves there."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlml.config import current
from sqlml.databases.database import Database
from sqlml.databases.names import quoted
from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import literal, parts
from sqlml.runtime.shelf import Shelf
from sqlml.store.depot import Depot, View
from sqlml.store.naming import folded
from sqlml.store.store import Store
from sqlml.workflow.graph import topological_order
from sqlml.workflow.ir import (
    Alter,
    Check,
    Evaluate,
    Explain,
    Job,
    Manage,
    ModelReference,
    Node,
    Predict,
    Query,
    Relation,
    Run,
    Solve,
    Workflow,
)

_CATALOG = """
SELECT sql FROM duckdb_views()
WHERE NOT internal AND view_name = {table} AND schema_name = {schema} AND {here}
UNION ALL SELECT '' FROM duckdb_tables()
WHERE table_name = {table} AND schema_name = {schema} AND {here}
"""


class Supply:
    """Moves tables and models between an artifact store and the private database of a step."""

    def __init__(self, depot: Depot, database: Database, store: Store, scratch: Path) -> None:
        """scratch: a folder for files that are needed as long as the step runs."""
        self._depot = depot
        self._database = database
        self._shelf = Shelf(store, database, current())
        self._store = store
        self._scratch = scratch
        self._there: set[str] = set()

    def bring(self, node: Node, session: Sequence[Query] = ()) -> None:
        """Make the tables, views and models that a node, and a session before it, read or change.

        Raises:
            StepError: E0755 the step needs the database itself.
            SqlmlError: something cannot be had from the store, or is not what was put there.
        """
        for name in (*(name for query in session for name in query.reads), *_read(node)):
            self._bring_table(name, as_view=True)
        if isinstance(node.operation, Query) and not node.operation.repeatable:
            for name in node.operation.writes:
                self._bring_table(name, as_view=False)
        for reference in self._models(node):
            self._bring_model(reference)

    def keep(self, node: Node) -> None:
        """Put the tables that a node has written into the store, and forget those it dropped."""
        for name in _written(node):
            found = self._database.table(_CATALOG.format(**_places(name))).column(0).to_pylist()
            if not found:
                self._depot.drop_table(name)
            elif found[0]:
                self._depot.put_view(name, found[0], _read(node))
            else:
                self._put_table(name)

    def publish(self, reference: str, number: int | None = None) -> str:
        """Put a new version of a model into the store; what it is called there, `name@version`.

        number: of the version there, if not the next.
        """
        version = self._shelf.get(reference)
        files = {
            path.relative_to(version.folder).as_posix(): path
            for path in sorted(version.folder.rglob("*"))
            if path.is_file()
        }
        entry = self._depot.models.publish(version.name, "model", files, number=number)
        return entry.reference

    def drop(self, node: Node) -> None:
        """Forget in the store the model that a node has dropped."""
        if isinstance(node.operation, Manage) and node.operation.action == "drop":
            version = node.operation.version
            for entry in self._depot.models.published():
                if entry.name.casefold() == node.operation.model.casefold() and version in (
                    None,
                    entry.version,
                ):
                    self._depot.models.withdraw(entry)

    def put_tables(self, names: Iterable[str]) -> None:
        """Put tables and views of the database into the store, views as their rows are now."""
        for name in names:
            self._put_table(name)

    def put_needs(self, workflow: Workflow) -> tuple[str, ...]:
        """Put into the store what a workflow needs of the database and does not make; its names.

        Models keep the numbers of their versions; those that are there already are not put again.

        Raises:
            StepError: E0755 the workflow needs the database itself.
            ProgramError: E0641 the store cannot be used.
        """
        tables = [name for name in _needed_tables(workflow) if self._is_there(name)]
        self.put_tables(tables)
        published = {entry.reference.casefold() for entry in self._depot.models.published()}
        references = {name for node in workflow.nodes for name in self._models(node)}
        models = [found for name in sorted(references) if (found := self._shelf.find(name))]
        for model in models:
            if model.reference.casefold() not in published:
                self.publish(model.reference, model.number)
        return (*tables, *(model.reference for model in models))

    def _is_there(self, name: str) -> bool:
        return bool(self._database.table(_CATALOG.format(**_places(name))).num_rows)

    def _put_table(self, name: str) -> None:
        with TemporaryDirectory(dir=self._scratch) as folder:
            path = Path(folder) / "table.parquet"
            self._database.execute(
                f"COPY (SELECT * FROM {quoted(name)}) TO {literal(str(path))} (FORMAT parquet)"
            )
            self._depot.put_table(name, path)

    def _bring_table(self, name: str, *, as_view: bool) -> None:
        found = None if name in self._there else self._depot.table(name, self._scratch)
        self._there.add(name)
        if found is None:  # another database's, made by the step's own session, or missing
            return
        if len(named := parts(name)) > 1:
            self._database.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(named[-2])}")
        if isinstance(found, View):
            for read in found.reads:
                self._bring_table(read, as_view=True)
            self._database.execute(found.sql)
            return
        rows = f"SELECT * FROM read_parquet({literal(str(found))})"
        kind = "VIEW" if as_view else "TABLE"
        self._database.execute(f"CREATE OR REPLACE {kind} {quoted(name)} AS {rows}")

    def _models(self, node: Node) -> Iterator[str]:
        operation, published = node.operation, self._depot.models.published
        if isinstance(operation, Alter):
            raise _only_beside("ALTER MODEL")
        if isinstance(operation, Job):
            raise _only_beside("a job")
        if isinstance(operation, Manage):
            wanted = operation.model.casefold()
            yield from (e.reference for e in published() if wanted in ("", e.name.casefold()))
        for value in node.inputs.values():
            if isinstance(value, ModelReference):
                if isinstance(value.version, str):
                    raise _only_beside(f"the alias `{value.name}@{value.version}`")
                yield value.name if value.version is None else f"{value.name}@{value.version}"

    def _bring_model(self, reference: str) -> None:
        entry = self._depot.models.find(reference)
        if entry.reference not in self._there:
            self._there.add(entry.reference)
            self._shelf.receive(self._depot.models, entry, number=entry.version)


def _places(name: str) -> dict[str, str]:
    *schema, table = parts(name)
    named = {"table": literal(table), "schema": literal(schema[-1] if schema else "main")}
    return {**named, "here": "database_name = current_database()"}


def _needed_tables(workflow: Workflow) -> tuple[str, ...]:
    """The tables and views that a workflow reads or changes before it makes them."""
    needed: dict[str, str] = {}
    made: set[str] = set()
    for node in topological_order(workflow):
        changed = isinstance(node.operation, Query) and not node.operation.repeatable
        names = (*_read(node), *(_written(node) if changed else ()))
        needed.update({folded(name): name for name in names if folded(name) not in made})
        made.update(map(folded, _written(node)))
    return tuple(needed.values())


def _read(node: Node) -> tuple[str, ...]:
    """The tables and views that a node reads."""
    relations = (value for value in node.inputs.values() if isinstance(value, Relation))
    names = [name for relation in relations for name in relation.reads]
    if isinstance(node.operation, Query):
        names += node.operation.reads
    return tuple(dict.fromkeys(names))


def _written(node: Node) -> tuple[str, ...]:
    """The tables and views that a node makes, changes or drops."""
    match node.operation:
        case Query(writes=tables) | Run(into=tables):
            return tables
        case Predict(into=table) | Evaluate(into=table) | Explain(into=table) if table:
            return (table,)
        case Check(into=table) | Solve(into=table) if table:
            return (table,)
        case _:
            return ()


def _only_beside(what: str) -> StepError:
    return StepError(
        Diagnostic(
            "E0755",
            f"{what} needs the store beside a database",
            hint="run it here, or have the engine's steps open the database with --worker-db",
        )
    )

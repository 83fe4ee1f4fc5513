"""share: what is done twice in a program is done once, and its result taken the second time.

Of two steps that do the same with the same data, the second is told to take what the first leaves
(`Node.same_as`). It keeps its own operation: an edit of the first one does not make it another
step, and an engine's worker, which sees one step at a time, does it by itself.

Trainings whose rows are the same query's keep these together (`Node.same_rows_as`), where each of
them would write them to a file of its own: those of joins, groups, orders, limits … A scan of a
table is read from there each time, which costs less than to write and read it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlml.grammar.queries import analyse
from sqlml.optimizer.definitions import digest_of_used
from sqlml.optimizer.effects import (
    bare,
    changes_meaning,
    files_read,
    may_change_files,
    queries,
    tables_changed,
    tables_left,
    tables_read,
)
from sqlml.optimizer.history import History
from sqlml.optimizer.leavings import is_repeatable
from sqlml.workflow.creation import creation
from sqlml.workflow.graph import needs
from sqlml.workflow.hashing import digest, normalized_sql, normalized_step
from sqlml.workflow.ir import (
    After,
    Alter,
    Job,
    Json,
    Manage,
    Node,
    Output,
    Outputs,
    Query,
    Relation,
    Train,
    Workflow,
    is_function,
)
from sqlml.workflow.operations import PROGRAMS

_DEFINES = re.compile(r"CREATE (OR REPLACE )?(TEMP |TEMPORARY )?(MACRO|FUNCTION|TYPE)\b", re.I)
_VIEW = re.compile(r"CREATE (OR REPLACE )?(TEMP |TEMPORARY )?VIEW\b", re.IGNORECASE)
_KEPT_ELSEWHERE = "sqlml_"  # tables of the store: they tell another thing at each look
_KINDS = frozenset({"table", "model", "dataset", "parameter"})  # of outputs that can be had twice


@dataclass(frozen=True, slots=True)
class Share:
    """Steps of SQL that leave what an earlier one leaves take it from there.

    Not what depends on chance or time, and nothing where a program changes its connection's state.
    """

    history: History

    def __call__(self, workflow: Workflow) -> Workflow:
        is_alone = len(workflow.nodes) < 2  # nobody to take from: the database need not be asked
        if is_alone or any(map(_changes_meaning, workflow.nodes)):
            return workflow
        course = _Course(self.history)
        nodes = tuple(map(course.shared, workflow.nodes))
        return workflow if nodes == workflow.nodes else replace(workflow, nodes=nodes)


@dataclass(slots=True)
class _Course:
    """Goes through the steps in their order. first_of: by step, the one that does the same."""

    history: History
    first_of: dict[str, str] = field(default_factory=dict)
    _readers: dict[Json, str] = field(default_factory=dict)  # trainings, by what their rows are
    _doers: dict[Json, Node] = field(default_factory=dict)  # by what they do, and on which data
    _writers: dict[str, str] = field(default_factory=dict)  # the last ones, by bare names of tables
    _writer_of_all: str = ""  # that of which only the database knows what it changes
    _writer_of_files: str = ""
    _writer_of_models: str = ""  # the last one that has dropped or renamed one
    _takers: dict[str, list[str]] = field(default_factory=dict)  # steps that take, by step
    _views: "_Views | None" = None

    def shared(self, node: Node) -> Node:
        """The next step, told what to take where there is something."""
        node = self._behind_takers(node)
        deed = _deed(node)
        content = (deed, self._data(node))
        first = self._doers.get(content) if deed else None
        if first is not None and self._is_there(first, node):
            self.first_of[node.name] = first.name
            self._takers.setdefault(first.name, []).append(node.name)
            node = replace(node, same_as=first.name)
        elif _keeps_rows(node):
            node = self._with_rows(node)
        self._note(node)
        if (
            deed and first is None and (deed, self._data(node)) == content
        ):  # it spares what it reads
            self._doers[content] = node
        return node

    def _with_rows(self, node: Node) -> Node:
        """A training that is told of the first one which reads the same rows."""
        rows = node.inputs["rows"]
        assert isinstance(rows, Relation)
        versions = tuple(self._version(name) for name in rows.reads)
        content = (rows.sql, versions, self._writer_of_files if rows.files else "")
        first = self._readers.setdefault(content, node.name)
        return (
            node if first == node.name or self._varies(node) else replace(node, same_rows_as=first)
        )

    def _is_there(self, first: Node, node: Node) -> bool:
        """Whether what a step has left is as it left it, and the query gives the same again."""
        left = {bare(name) for name in tables_left(first)}
        if left & {bare(name) for name in tables_left(node)}:
            return False
        return all(self._writer(name) == first.name for name in left) and not self._varies(node)

    def _data(self, node: Node) -> Json:
        """Which data a step meets."""
        return (
            tuple((name, self._source(value)) for name, value in node.inputs.items()),
            tuple(self._version(name) for name in tables_read(node)),
            self._writer_of_files if files_read(node) else "",
            self._writer_of_models,
        )

    def _source(self, value: object) -> Json:
        """The step that a value comes from, or one that does the same."""
        match value:
            case Output(node, name):
                return (self.first_of.get(node, node), name)
            case Outputs(nodes, name):
                return (*(self.first_of.get(node, node) for node in nodes), name)
            case _:
                return None

    def _writer(self, table: str) -> str:
        """The step that wrote a table, or made a view, last."""
        return self._writers.get(bare(table), self._writer_of_all)

    def _version(self, table: str) -> Json:
        """What the rows of a table depend on; those of a view, on all that it reads."""
        names = (table, *self._known_views.under(table))
        return tuple((bare(name), self._writer(name)) for name in names)

    def _varies(self, node: Node) -> bool:
        """Whether views and macros let the same query give something else each time."""
        text = " ".join(query.sql for query in queries(node))
        if digest_of_used(text, self.history.definitions(text)) is None:
            return True
        names = tables_read(node)
        return any(
            bare(name).startswith(_KEPT_ELSEWHERE) or self._known_views.varies(name)
            for name in names
        )

    @property
    def _known_views(self) -> "_Views":
        if self._views is None:
            self._views = _Views(self.history)
        return self._views

    def _behind_takers(self, node: Node) -> Node:
        """A step that would change what others take, after these."""
        touched = self._touched(node)
        waits = [name for first in touched for name in self._takers.get(first, ())]
        new = [After(name) for name in dict.fromkeys(waits) if name not in needs(node)]
        return replace(node, after=(*node.after, *new)) if new else node

    def _touched(self, node: Node) -> Iterator[str]:
        """The steps that others take from, and whose tables or models a step may change."""
        changed = tables_changed(node)
        if changed is None or isinstance(node.operation, Manage | Alter):
            yield from self._takers
        else:
            written = (self._writers.get(bare(name), "") for name in changed)
            yield from (name for name in written if name in self._takers)

    def _note(self, node: Node) -> None:
        """Take note of what a step changes."""
        changed = tables_changed(node)
        if may_change_files(node):
            self._writer_of_files = node.name
        if isinstance(node.operation, Manage | Alter):
            self._writer_of_models = node.name
        if changed is None:
            self._writers.clear()
            self._writer_of_all = node.name
        elif changed:
            self._writers |= {bare(name): node.name for name in changed}
            if isinstance(node.operation, Query):
                self._known_views.note(node.operation)


def _deed(node: Node) -> str | None:
    """A digest of what a step does; None where it cannot be shared."""
    if not _is_plain(node) or not is_repeatable(node):
        return None
    told = normalized_step(node)
    operation = {k: v for k, v in told["operation"].items() if k not in ("into", "writes")}
    if isinstance(node.operation, Query):
        created = creation(node.operation)
        if created is None:
            return None
        operation["sql"] = created.body
    return digest({"operation": operation, "inputs": told["inputs"]})


def _keeps_rows(node: Node) -> bool:
    """Whether a step is a training that keeps its rows in a file for itself alone."""
    rows = node.inputs.get("rows")
    return (
        isinstance(node.operation, Train)
        and isinstance(rows, Relation)
        and rows.deterministic
        and not rows.stable
        and node.guard is None
        and node.loop is None
        and not any(name == "trials" or is_function(name) for name in node.inputs)
    )


class _Views:
    """The views that there are, and those that a program makes."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._made: dict[str, str | None] = {}  # None: a table

    @cached_property
    def _stored(self) -> dict[str, str]:
        return {bare(name): sql for name, sql in self._history.views().items()}

    def note(self, query: Query) -> None:
        """Take note of a statement that makes or drops tables or views."""
        is_view = _VIEW.match(normalized_sql(query.sql))
        self._made |= {bare(name): query.sql if is_view else None for name in query.writes}

    def under(self, name: str) -> Iterator[str]:
        """All tables and views that a view reads, and those that these read."""
        text = self._text(name)
        for read in () if text is None else analyse(text).reads:
            yield read
            yield from self.under(read)

    def varies(self, name: str) -> bool:
        """Whether a view's rows depend on anything else than tables."""
        text = self._text(name)
        if text is None:
            return False
        facts = analyse(text)
        is_settled = facts.parsed and facts.deterministic and not facts.files
        used = digest_of_used(text, self._history.definitions(text))
        return not is_settled or used is None or any(map(self.varies, facts.reads))

    def _text(self, name: str) -> str | None:
        key = bare(name)
        return self._made[key] if key in self._made else self._stored.get(key)


def _is_plain(node: Node) -> bool:
    """Whether a step is one of SQL that runs in any case, once, and leaves what can be copied."""
    return (
        not isinstance(node.operation, (*PROGRAMS, Manage, Alter, Job))
        and node.guard is None
        and node.loop is None
        and node.cache is None
        and bool(node.outputs)
        and all(output.kind in _KINDS for output in node.outputs)
    )


def _changes_meaning(node: Node) -> bool:
    """Whether a statement lets the same text mean something else from there on."""
    query = node.operation
    is_definition = isinstance(query, Query) and _DEFINES.match(normalized_sql(query.sql))
    return changes_meaning(node) or bool(is_definition)

"""TO RUN: a ready-made program, whose arguments and columns are checked, or an outside one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlml.databases.database import Column, QueryProblem
from sqlml.errors import ProgramError, located
from sqlml.grammar import ast
from sqlml.planner.plan import Read, Run
from sqlml.planner.reading import read
from sqlml.planner.schema import Schema, is_null
from sqlml.planner.scope import Scope
from sqlml.planner.tables import table_key, table_name
from sqlml.planner.targets import has_two_of_a_name
from sqlml.quoting import identifier
from sqlml.source import Span
from sqlml.zoo.features.kinds import NUMBERS, kind_of
from sqlml.zoo.programs import find_program, is_image
from sqlml.zoo.runnables import RUNNABLES, counterpart, find_runnable
from sqlml.zoo.runnables.contract import ArgumentProblem, Options, Runnable, Sources

_QUERY = re.compile(r"\s*(?:\(|(?:SELECT|WITH|FROM|VALUES|TABLE)\b)", re.IGNORECASE)
_ANYTHING = (Column("anything", "INTEGER"),)


def plan_run(scope: Scope, statement: ast.Run) -> Run:
    """What TO RUN does; the tables that it makes are known to later statements."""
    rows = read(scope, statement.query.sql, statement.query.span)
    words = tuple(str(word.value) for word in statement.command)
    into = tuple(table_name(name.parts) for name in statement.into)
    _check_distinct(scope, statement, into)
    found = find_runnable(statement.image.text, words)
    if found is not None:
        name, words = found
        return _ReadyMade(scope, statement, rows, RUNNABLES.load(name), words, into).plan()
    in_image = is_image(statement.image.text)
    _check_program(scope, statement, words, in_image=in_image)
    for table, written in zip(into, statement.into, strict=True):
        scope.create(table, _ANYTHING, written.span)
        scope.spoil(table)  # only the run can tell its columns
    return Run(statement, rows, statement.image.text, words, into, in_image=in_image)


def _check_program(
    scope: Scope, statement: ast.Run, words: tuple[str, ...], *, in_image: bool
) -> None:
    """Tell the scope of a program that is not here, or that a ready-made one stands for."""
    image = statement.image
    if name := counterpart(image.text, words):
        message = f"`{image.text}` is SQLFlow's image, whose program is part of sqlml"
        hint = f"write `TO RUN {name} CMD …`, which takes {RUNNABLES.load(name).usage}"
        scope.fault("E0241", message, image.span, hint=hint)
    elif not in_image:
        try:
            find_program(image.text)
        except ProgramError as error:
            scope.faults += [located(fault, image.span) for fault in error.diagnostics]


def _check_distinct(scope: Scope, statement: ast.Run, into: Sequence[str]) -> None:
    seen = set()
    for table, written in zip(into, statement.into, strict=True):
        if table_key(table) in seen:
            message = f"`{written.text}` stands twice in INTO"
            scope.fault("E0248", message, written.span, hint="name each table once")
        seen.add(table_key(table))


@dataclass
class _ReadyMade:
    """Plans a statement that runs a ready-made program; what is wrong is told to the scope.

    words: the arguments. places: of the words that give them, by their names.
    """

    scope: Scope
    statement: ast.Run
    rows: Read
    runnable: Runnable
    words: tuple[str, ...]
    into: tuple[str, ...]
    places: Mapping[str, int] = field(default_factory=dict)

    def plan(self) -> Run:
        faults = len(self.scope.faults)
        reference = None
        try:
            options, self.places = self.runnable.options(self.words)
            reference = self._reference(options)
            self._check_columns(options)
            self._check_tables()
            if len(self.scope.faults) == faults:
                self._create_tables(options, reference)
        except ArgumentProblem as problem:
            self._tell(problem)
        return Run(
            self.statement,
            self.rows,
            self.runnable.name,
            self.words,
            self.into,
            ready_made=True,
            reference=reference,
        )

    @property
    def spans(self) -> Sequence[Span]:
        """Where the arguments stand."""
        first = len(self.statement.command) - len(self.words)
        return [word.span for word in self.statement.command[first:]]

    def _reference(self, options: Options) -> Read | None:
        """The rows that the program compares with, where an argument names them."""
        for argument in self.runnable.arguments:
            name = argument.attribute.name
            if argument.names == "query" and options[name] is not None:
                written = str(options[name])
                sql = written if _QUERY.match(written) else f"SELECT * FROM {written}"
                return read(self.scope, sql, self._span(name))
        return None

    def _check_columns(self, options: Options) -> None:
        schema = self.rows.schema
        for argument in self.runnable.arguments:
            name, given = argument.attribute.name, options[argument.attribute.name]
            if argument.names not in ("column", "number") or given is None:
                continue
            for column in map(str, given if isinstance(given, tuple) else (given,)):
                self._check_column(schema, column, name, is_number=argument.names == "number")

    def _check_column(self, schema: Schema, name: str, argument: str, *, is_number: bool) -> None:
        column = schema.find(name)
        if column is None:
            message = f"the query has no column `{name}` for `--{argument}`"
            hint = schema.did_you_mean(name)
            self.scope.fault("E0315", message, self._span(argument), hint=hint)
        elif is_number and kind_of(column.type) not in NUMBERS:
            self.scope.fault(
                "E0247",
                f"column `{column.name}` is {column.type}, and `--{argument}` takes numbers",
                self._span(argument),
                hint="cast it in the query if it holds numbers: `column::DOUBLE AS column`",
            )

    def _check_tables(self) -> None:
        most = self.runnable.most_tables
        if len(self.into) > most:
            message = (
                f"`{self.runnable.name}` fills {_tables(most)}, and INTO names {len(self.into)}"
            )
            hint = f"write `INTO {', '.join(self.into[:most])}`"
            self.scope.fault("E0246", message, self.statement.into[most].span, hint=hint)
        sources = set(map(table_key, self.rows.sources))
        for table, written in zip(self.into, self.statement.into, strict=True):
            if len(self.into) > 1 and table_key(table) in sources:
                message = (
                    f"`{table}` is read, and would be replaced before the other tables are made"
                )
                self.scope.fault("E0248", message, written.span, hint="give the parts other names")

    def _create_tables(self, options: Options, reference: Read | None) -> None:
        """Raises ArgumentProblem where options do not go together."""
        compared = None if reference is None else _rows_like(reference.schema)
        sources = Sources(_rows_like(self.rows.schema), compared)
        queries = self.runnable.build(sources, options, max(1, len(self.into)))
        reads = [self.rows] if reference is None else [self.rows, reference]
        is_known = all(one.schema.is_complete for one in reads)
        for query, table, written in zip(queries, self.into, self.statement.into, strict=False):
            columns = self._describe(query) if is_known else None
            if columns is None:
                self.scope.spoil(table)
            elif not has_two_of_a_name(self.scope, written, columns):
                self.scope.create(table, columns, written.span)
                self.scope.leave_open(table, ())
        if not self.into and is_known:
            self._describe(queries[0])

    def _describe(self, query: str) -> tuple[Column, ...] | None:
        try:
            return self.scope.catalog.describe(query)
        except QueryProblem as problem:
            message = f"`{self.runnable.name}` cannot do that with these rows: {problem}"
            self.scope.fault("E0249", message, self.statement.image.span, hint=problem.hint)
            return None

    def _tell(self, problem: ArgumentProblem) -> None:
        span = self._span(problem.name) if problem.word is None else self.spans[problem.word]
        self.scope.fault(problem.code, problem.message, span, hint=problem.hint)

    def _span(self, argument: str) -> Span:
        """Where an argument is given; the program's name where it is not."""
        place = self.places.get(argument)
        return self.statement.image.span if place is None else self.spans[place]


def _rows_like(schema: Schema) -> str:
    """A query that gives columns of the same names and types."""
    listed = (
        f"{'NULL' if is_null(column.type) else f'CAST(NULL AS {column.type})'}"
        f" AS {identifier(column.name)}"
        for column in schema.columns
    )
    return f"SELECT {', '.join(listed) or '1'}"


def _tables(most: int) -> str:
    return "one table" if most == 1 else f"up to {most} tables"

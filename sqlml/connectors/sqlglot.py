"""sqlglot's dialects by which other tools (Superset, jupysql …) take statements apart.

They are DuckDB's and PostgreSQL's, with the statements about models. What trains a model or writes
a table is a kind of CREATE, so that it counts as a change; a prediction without a table is a query
like any other.
"""

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.dialects.postgres import Postgres

from sqlml.grammar.keywords import VERBS

if TYPE_CHECKING:
    from sqlglot.generator import Generator
    from sqlglot.parser import Parser
else:
    Generator = Parser = object  # the dialects' own are

_ALWAYS_WRITE = frozenset({"TRAIN", "RUN"})
_INTO = re.compile(r"\bINTO\s+([^\s,;]+)", re.IGNORECASE)
_TARGET = re.compile(r"TO\s+PREDICT\s+(?!WITH\b|USING\b)(\S+)", re.IGNORECASE)
_PREDICTION = "prediction"


class ModelStatement(exp.Expression):
    """A query and what is done with its rows, which are given back: `TO EVALUATE m`."""

    arg_types = {"this": True, "clause": True}


class WritingStatement(exp.Create):
    """A query and what is made of it: a model (`TO TRAIN …`) or a table (`… INTO t`).

    this: the name of what is made. expression: the query. clause: the text from TO on.
    """

    arg_types = {**exp.Create.arg_types, "clause": True}


class DropModel(exp.Drop):
    """`DROP MODEL`; this: the text behind it."""


class _Parsing(Parser):
    """What a parser of SQL has to know besides."""

    def _parse_statement(self) -> Any:
        statement = super()._parse_statement()
        verb = self._verb()
        if statement is None or not verb:
            return statement
        clause = self._take_clause()
        made = _TARGET.match(clause) if verb == "PREDICT" else _INTO.search(clause)
        if made is None and verb not in _ALWAYS_WRITE:
            return ModelStatement(this=statement, clause=clause)
        return WritingStatement(
            this=exp.to_identifier(made[1] if made else verb.lower()),
            kind="MODEL" if verb == "TRAIN" else "TABLE",
            expression=statement,
            clause=clause,
        )

    def _parse_query_modifiers(self, this: Any) -> Any:
        parsed = super()._parse_query_modifiers(this)
        if isinstance(parsed, exp.Query) and self._verb() == "PREDICT":
            start = self._index
            clause = self._take_clause()
            if _TARGET.match(clause):
                self._retreat(start)
            else:
                parsed.set(_PREDICTION, exp.Var(this=clause))
        return parsed

    def _parse_table_alias(self, *args: Any, **kwargs: Any) -> Any:
        return None if self._verb() else super()._parse_table_alias(*args, **kwargs)

    def _parse_alias(self, this: Any, explicit: bool = False) -> Any:
        return this if self._verb() else super()._parse_alias(this, explicit)

    def _parse_drop(self, *args: Any, **kwargs: Any) -> Any:
        if not self._match_text_seq("MODEL"):
            return super()._parse_drop(*args, **kwargs)
        return DropModel(this=self._take_rest(), kind="MODEL")

    def _parse_show(self) -> Any:
        return self._about_models("SHOW", "MODELS", "TRAIN") or super()._parse_show()

    def _parse_describe(self) -> Any:
        return self._about_models("DESCRIBE", "MODEL") or super()._parse_describe()

    def _parse_alter(self) -> Any:
        return self._about_models("ALTER", "MODEL") or super()._parse_alter()

    def _about_models(self, command: str, *whats: str) -> exp.Command | None:
        if self._curr is None or self._curr.text.upper() not in whats:
            return None
        return exp.Command(this=command, expression=f" {self._take_rest()}")

    def _verb(self) -> str:
        """The verb, where the parser stands in front of `TO` and one."""
        if self._curr is None or self._next is None or self._curr.text.upper() != "TO":
            return ""
        verb = str(self._next.text.upper())
        return verb if verb in VERBS else ""

    def _take_clause(self) -> str:
        """The text from `TO` to the end of the statement, or of the brackets around it."""
        return self._take_rest(of_brackets=True)

    def _take_rest(self, *, of_brackets: bool = False) -> str:
        start, end, depth = self._curr, self._curr, 0
        while self._curr and self._curr.text != ";":
            depth += (self._curr.text == "(") - (self._curr.text == ")")
            if depth < 0 and of_brackets:
                break
            end = self._curr
            self._advance()
        return str(self._find_sql(start, end))


class _Writing(Generator):
    """What a generator of SQL has to know besides."""

    def query_modifiers(self, expression: Any, *sqls: str) -> str:
        prediction = expression.args.get(_PREDICTION)
        text = str(super().query_modifiers(expression, *sqls))
        return f"{text} {prediction.name}" if prediction else text


_WRITTEN: Mapping[type, Callable[[Any, Any], str]] = {
    ModelStatement: lambda self, node: f"{self.sql(node, 'this')} {node.args['clause']}",
    DropModel: lambda _, node: f"DROP MODEL {node.name}",
    WritingStatement: lambda self, node: f"{self.sql(node, 'expression')} {node.args['clause']}",
}


class Sqlml(DuckDB):
    """DuckDB's dialect, with statements that train and apply models."""

    class Parser(_Parsing, DuckDB.Parser):  # type: ignore[misc, valid-type] # sqlglot 28 has it, too
        FUNCTIONS = {k: v for k, v in DuckDB.Parser.FUNCTIONS.items() if k != "PREDICT"}
        SET_OP_MODIFIERS = {*DuckDB.Parser.SET_OP_MODIFIERS, _PREDICTION}

    class Generator(_Writing, DuckDB.Generator):  # type: ignore[misc, valid-type]
        TRANSFORMS = {**DuckDB.Generator.TRANSFORMS, **_WRITTEN}


class SqlmlServer(Postgres):
    """PostgreSQL's dialect, with these statements: what tools send to `sqlml server`."""

    class Parser(_Parsing, Postgres.Parser):  # type: ignore[misc, valid-type]
        FUNCTIONS = {k: v for k, v in Postgres.Parser.FUNCTIONS.items() if k != "PREDICT"}
        SET_OP_MODIFIERS = {*Postgres.Parser.SET_OP_MODIFIERS, _PREDICTION}

    class Generator(_Writing, Postgres.Generator):  # type: ignore[misc, valid-type]
        TRANSFORMS = {**Postgres.Generator.TRANSFORMS, **_WRITTEN}
        STAR_EXCEPT = "EXCLUDE"

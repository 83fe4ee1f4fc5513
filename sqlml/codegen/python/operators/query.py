"""Plain SQL in a plain script."""

import re
from collections.abc import Iterator

from sqlml.codegen.python.functions import called
from sqlml.codegen.python.layout import quoted
from sqlml.codegen.python.operators.remote import attached
from sqlml.codegen.python.program import Program
from sqlml.grammar.secrets import without_secrets
from sqlml.workflow.ir import Node, Query

_COMMENT = r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*"
_QUESTION = re.compile(
    rf"{_COMMENT}\(*\s*(SELECT|FROM|VALUES|TABLE|DESCRIBE|SHOW|SUMMARIZE|EXPLAIN)\b", re.I | re.S
)
_PERHAPS = re.compile(rf"{_COMMENT}(WITH|PIVOT|UNPIVOT|CALL|PRAGMA|EXECUTE)\b", re.I | re.S)


def write(program: Program, node: Node, query: Query) -> Iterator[str]:
    if without_secrets(query.sql) != query.sql:
        program.refuse(node, "it holds a secret")
        return
    lines = attached(program, node, query.sql)
    if lines is not None:
        yield from lines
        return
    sql = yield from called(program, node, query.sql)
    if query.writes or query.session or program.is_refused(node):
        yield f"con.execute({quoted(sql)})"
    elif _QUESTION.match(sql):
        yield f"con.sql({quoted(sql)}).show()"
    elif _PERHAPS.match(sql):
        yield f"show({quoted(sql)})"
    else:
        yield f"con.execute({quoted(sql)})"

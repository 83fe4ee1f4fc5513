"""What to write for a clause that a statement does not take, but other languages' do."""

import re
from collections.abc import Sequence

from sqlml.grammar.lexer import Lexeme
from sqlml.source import Span

_NAME = re.compile(r'\s*((?:[\w.]|"[^"]*"|`[^`]*`)+)')
_USING = re.compile(rf"\s*USING\b{_NAME.pattern}", re.IGNORECASE)
_FEATURES = "leave it out: the model knows which columns are its features"
_INSTEAD = {
    ("PREDICT", "COLUMN"): _FEATURES,
    ("EVALUATE", "COLUMN"): _FEATURES,
    ("EXPLAIN", "COLUMN"): _FEATURES,
    ("PREDICT", "LABEL"): "the column of the prediction stands behind PREDICT: `table.column`",
    ("EXPLAIN", "LABEL"): "leave it out: the model knows its label",
    ("EVALUATE", "USING"): "leave it out: the model stands behind EVALUATE",
}


def instead_of_clause(verb: str, accepted: Sequence[Lexeme], word: Lexeme) -> str:
    """A hint at what stands in place of the clause that begins with `word`; empty for others.

    accepted: what stands in front of it.
    """
    if (verb, word.text.upper()) == ("PREDICT", "INTO"):
        return _target(accepted, word.span)
    return _INSTEAD.get((verb, word.text.upper()), "")


def _target(accepted: Sequence[Lexeme], into: Span) -> str:
    """`TO PREDICT USING m INTO t` is `TO PREDICT t.column USING m`."""
    text = into.source.text
    found = _NAME.match(text, into.end)
    table = found[1] if found else "table"
    using = next((one.span.end for one in accepted if one.type == "USING"), None)
    behind = found and _USING.match(text, found.end())
    named = behind if using is None else _NAME.match(text, using)
    model = named[1] if named else "model"
    column = "" if table.count(".") > 1 else ".column"
    return f"the table stands behind PREDICT: write `TO PREDICT {table}{column} USING {model}`"

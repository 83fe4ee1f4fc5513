"""What the function of a trained model is called in the SQL that the database runs.

`PREDICT('m', …)` becomes `"sqlml_predict:m"({…})`: a function of one record for each model. A plain
name means the newest version, `"sqlml_predict:m@3"` one that stays.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal["predict", "predict_proba"]

SPELLED = re.compile(r'"?sqlml_(predict|predict_proba):((?:[^"]|"")+)"', re.IGNORECASE)
"""Finds the functions that SQL mentions: their kind and the model, quotes in it doubled."""

_CALL = re.compile(SPELLED.pattern + r"\s*\(", re.IGNORECASE)
_VIEW = re.compile(
    r"\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:TEMP|TEMPORARY)\s+)?VIEW\b", re.IGNORECASE
)


class ModelFunction(NamedTuple):
    """A function of a model: what it gives, and the model as `name` or `name@version`."""

    kind: Kind
    model: str

    @property
    def name(self) -> str:
        """The function's name, without quotes."""
        return f"sqlml_{self.kind}:{self.model}"


def mentioned(sql: str) -> tuple[ModelFunction, ...]:
    """The functions of models that SQL for the database mentions, each once."""
    found = (
        ModelFunction("predict" if kind.lower() == "predict" else "predict_proba", _plain(model))
        for kind, model in SPELLED.findall(sql)
    )
    return tuple(dict.fromkeys(found))


def pinned(sql: str, versions: Sequence[str]) -> str:
    """The SQL with these versions (`name@version`) where it calls functions of their plain names.

    In a view a plain name goes on meaning the newest version.
    """
    if not versions or _VIEW.match(sql):
        return sql
    by_name = {version.rpartition("@")[0].casefold(): version for version in versions}

    def pin(match: re.Match[str]) -> str:
        version = by_name.get(_plain(match[2]).casefold())
        if version is None:
            return match[0]
        return f'"sqlml_{match[1]}:{version.replace(chr(34), chr(34) * 2)}"'

    return SPELLED.sub(pin, sql)


def for_people(sql: str) -> str:
    """The SQL with the functions of models as one writes them: `PREDICT('m', …)`."""

    def spell(match: re.Match[str]) -> str:
        return f"{match[1].upper()}('{_plain(match[2])}', "

    return _CALL.sub(spell, sql)


def _plain(model: str) -> str:
    return model.replace('""', '"')

"""The parser of sqlml.lark, from tables made ahead: to make them takes Lark 0.1 s at every start.

`python -m sqlml.grammar.tables` makes them anew after a change of the grammar. Tables of another
grammar or another Lark are not used.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

from sqlml.grammar.builder import Builder

_FILE = "sqlml.tables.json"


def grammar() -> str:
    """The text of sqlml.lark."""
    return _read("sqlml.lark")


def parser_of(rules: str) -> Lark:
    """What turns terminals into trees by the rules of sqlml.lark, or of another text."""
    made = json.loads(_read(_FILE))
    if made["of"] != fingerprint(rules):
        return _built(rules)
    tables = made["data"]["parser"]["parser"]
    tables["tokens"] = _numbered(tables["tokens"])
    tables["states"] = {
        number: _numbered(actions) for number, actions in _numbered(tables["states"]).items()
    }
    load: Any = Lark._load_from_dict  # as parsers that Lark generates do
    loaded: Lark = load(made["data"], _numbered(made["memo"]), transformer=Builder())
    return loaded


def fingerprint(rules: str, version: str = lark.__version__) -> str:
    """What tables are made of: the rules, and the version of the Lark that reads them."""
    return sha256(f"{version}\n{rules}".encode()).hexdigest()


def write() -> None:
    """Make the tables where they are not today's: Lark numbers states anew each time."""
    file = Path(__file__).with_name(_FILE)
    of = fingerprint(grammar())
    if file.exists() and json.loads(file.read_text("utf-8"))["of"] == of:
        return
    data, memo = _built(grammar()).memo_serialize([TerminalDef, Rule])
    del data["options"]["transformer"]
    made = {"of": of, "lark": lark.__version__, "data": data, "memo": memo}
    file.write_text(json.dumps(made, separators=(",", ":")) + "\n", "utf-8")


def _built(rules: str) -> Lark:
    return Lark(
        rules,
        parser="lalr",
        lexer="basic",
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )


def _numbered(values: Mapping[str, Any]) -> dict[int, Any]:
    """What JSON has made of a mapping of numbers, back again."""
    return {int(key): value for key, value in values.items()}


def _read(name: str) -> str:
    return files("sqlml.grammar").joinpath(name).read_text("utf-8")


if __name__ == "__main__":
    write()

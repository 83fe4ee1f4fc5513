import json
from importlib.resources import files
from typing import Any

import lark
import pytest

from sqlml.grammar.tables import fingerprint, grammar, parser_of


@pytest.fixture
def made() -> Any:
    return json.loads(files("sqlml.grammar").joinpath("sqlml.tables.json").read_text("utf-8"))


def test_the_tables_are_those_of_the_grammar(made: Any) -> None:
    assert made["of"] == fingerprint(grammar(), made["lark"]), "run `make tables`"


def test_tables_made_ahead_say_what_lark_says(made: Any) -> None:
    loaded, built = parser_of(grammar()), parser_of(grammar() + "\n// another text")
    is_used = loaded.source_path == "<deserialized>" != built.source_path
    assert is_used == (made["lark"] == lark.__version__)
    assert loaded.rules == built.rules
    assert sorted(map(repr, loaded.terminals)) == sorted(map(repr, built.terminals))

import json
from importlib.resources import files

from sqlml.grammar.tables import fingerprint, grammar, parser_of


def test_the_tables_are_those_of_the_grammar() -> None:
    made = json.loads(files("sqlml.grammar").joinpath("sqlml.tables.json").read_text("utf-8"))
    assert made["of"] == fingerprint(grammar()), "run `make tables`"


def test_tables_made_ahead_say_what_lark_says() -> None:
    loaded, built = parser_of(grammar()), parser_of(grammar() + "\n// another text")
    assert built.source_path != loaded.source_path == "<deserialized>"
    assert loaded.rules == built.rules
    assert sorted(map(repr, loaded.terminals)) == sorted(map(repr, built.terminals))

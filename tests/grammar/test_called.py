"""Calls with a statement of ours, read as the statement."""

import pytest

from sqlml.errors import ProgramError
from sqlml.grammar import ast
from sqlml.grammar.called import uncalled
from sqlml.grammar.parser import parse
from sqlml.source import Source

TRAIN = "SELECT \"it's\" FROM t WHERE a <> 'b''c' -- don't\nTO TRAIN xgboost.gbtree LABEL y INTO m"


@pytest.mark.parametrize(
    "call",
    [
        "CALL sqlml_train('{}')",
        "call\n  sqlml_train ( '{}' )",
        "SELECT 1;\nCALL \"sqlml_train\"(/* of ours */ '{};\n -- the end');",
        "CALL sqlml_train($${}$$)",
        "CALL sqlml_train($q${}; $q$)",
    ],
)
def test_a_statement_that_is_called_stays_at_its_place(call: str) -> None:
    written = TRAIN if "$" in call else TRAIN.replace("'", "''")
    text = f"SELECT 1; {call.format(written)}; SELECT 'CALL sqlml_train(2)'"
    source = Source("s", text)
    *_, train, last = parse(source).statements
    assert isinstance(train, ast.Train)
    assert train.into is not None
    assert train.into.text == "m"
    assert train.query.sql.split() == TRAIN.partition(" -- ")[0].split()
    made = train.span.source
    assert len(made.text) == len(text)
    assert made.written is source
    assert made.line(1) == source.line(1)
    for word in ('SELECT "it', "FROM t", "TO TRAIN", "LABEL", "INTO"):
        assert abs(made.text.index(word) - text.index(word)) <= 2 * ("$" not in call)
    label = made.text.index("LABEL")
    assert made.position(label) == source.position(text.index("LABEL"))
    assert last.span.text == "SELECT 'CALL sqlml_train(2)'"


def test_texts_without_a_call_are_left_alone() -> None:
    for text in ("SELECT 1", "SELECT 'CALL sqlml_train(1)'", "SELECT sqlml_train('x')"):
        source = Source("s", text)
        assert uncalled(source) is source


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("SELECT 1;\n CALL sqlml_train(NULL)", "E1050", "s:2:2"),
        ("CALL sqlml_train", "E1050", "s:1:1"),
        ("CALL sqlml_train(CALL sqlml_train(", "E1050", "s:1:1"),
        ("CALL sqlml_train('SELECT 1', 2)", "E1050", "s:1:1"),
        ("CALL sqlml_train(e'SELECT 1')", "E1050", "s:1:1"),
        ("CALL sqlml_train('SELECT 1')", "E1051", "s:1:18"),
        ("CALL sqlml_train('DROP MODEL a; DROP MODEL b')", "E1051", "s:1:18"),
        ("CALL sqlml_train(' -- nothing')", "E1051", "s:1:18"),
        ("CALL sqlml_train('SELECT * FROM t\n TO TRIAN x LABEL y INTO m')", "E0109", "s:2:5"),
        ("CALL sqlml_train('DROP MODEL a'')", "E0101", "s:1:18"),
    ],
)
def test_what_is_wrong_with_a_call_is_said_at_its_place(text: str, code: str, place: str) -> None:
    with pytest.raises(ProgramError) as raised:
        parse(Source("s", text))
    (found,) = raised.value.diagnostics
    assert found.code == code
    assert found.span is not None
    assert found.span.place == place
    assert found.span.source.line(1) == text.splitlines()[0]

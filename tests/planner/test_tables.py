import pytest

from sqlml.grammar.parser import parse
from sqlml.planner.tables import split_target, table_key, table_name
from sqlml.source import Source


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("T", ("", "t")),
        ("main.t", ("", "t")),
        ("memory.main.t", ("", "t")),
        ("iris.Train", ("iris", "train")),
        ("db.iris.train", ("iris", "train")),
        ('"Iris"."Train"', ("iris", "train")),
    ],
)
def test_names_of_the_same_table_have_the_same_key(name, key):
    assert table_key(name) == key


@pytest.mark.parametrize(
    ("target", "table", "column"),
    [
        ("answers", "answers", None),
        ("answers.class", "answers", "class"),
        ("iris.answers.class", "iris.answers", "class"),
        ("db.iris.answers.class", "db.iris.answers", "class"),
        ('"my answers".class', '"my answers"', "class"),
        ('"a.b"', '"a.b"', None),
    ],
)
def test_the_last_part_of_a_target_with_a_dot_is_the_column(target, table, column):
    program = parse(Source("t.sql", f"SELECT 1 TO PREDICT {target} USING m"))
    found = split_target(program.statements[0].into)
    assert (found.table, found.column) == (table, column)


def test_parts_with_odd_characters_are_quoted():
    assert table_name(["Füße", "a b", 'c"d', "e.f"]) == 'Füße."a b"."c""d"."e.f"'

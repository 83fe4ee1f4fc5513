"""Labels on their way to numbers and back."""

from typing import Any

import duckdb
import numpy as np
import pytest

from sqlml.zoo.label import Label

CLASSES = [
    ("VARCHAR", ("", "a", "ü 'x'")),
    ("BOOLEAN", (False, True)),
    ("TINYINT", (-128, 0, 127)),
    ("UBIGINT", (1, 2**64 - 1)),
    ("HUGEINT", (-(10**37), 10**37)),
    ("DECIMAL(5, 2)", (-3, 7)),
    ("DOUBLE", (0, 2**53)),
    ("FLOAT", (0, 1)),
    ("ENUM('b', 'a')", ("a", "b")),
]


@pytest.mark.parametrize(("type_name", "classes"), CLASSES)
def test_classes_survive_the_way_through_the_database(
    type_name: str, classes: tuple[Any, ...]
) -> None:
    label = Label("y", type_name, classes)
    rows = [2 % len(classes), 0, 1, 1]
    written = ", ".join(f"('{str(classes[i]).replace(chr(39), chr(39) * 2)}')" for i in rows)
    sql = f"SELECT y::{type_name} AS y FROM (VALUES {written}) t(y)"
    read = duckdb.sql(f"SELECT {label.expression} FROM ({sql})").to_arrow_table()
    numbers = label.encode(read.column(0).combine_chunks())
    assert numbers.tolist() == rows
    assert numbers.dtype == np.int32
    decoded = label.decode(numbers)
    assert [type(classes[0])(value) for value in decoded.to_pylist()] == [classes[i] for i in rows]


def test_null_and_unknown_values_are_no_class() -> None:
    label = Label("y", "VARCHAR", ("a", "b"))
    read = duckdb.sql("SELECT unnest(['b', NULL, 'c']) AS y").to_arrow_table()
    assert label.encode(read["y"].combine_chunks()).tolist() == [1, -1, -1]


def test_negative_zero_is_zero() -> None:
    label = Label("y", "DOUBLE", (0, 1))
    read = duckdb.sql(f"SELECT {label.expression} FROM (SELECT -0.0::DOUBLE AS y)")
    assert label.encode(read.to_arrow_table().column(0).combine_chunks()).tolist() == [0]


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [("FLOAT", "float"), ("DOUBLE", "double"), ("INTEGER", "double"), ("DECIMAL(9,2)", "double")],
)
def test_predicted_values_keep_the_type_of_floating_labels(type_name: str, expected: str) -> None:
    decoded = Label("y", type_name).decode(np.array([1.25, -2]))
    assert (str(decoded.type), decoded.to_pylist()) == (expected, [1.25, -2])


@pytest.mark.parametrize(
    ("type_name", "written", "expected"),
    [
        ("VARCHAR", "unnest(['1.5, 2', '[-3e1,4]'])", ["1.5,2.5", "-30,4.5"]),
        ("INTEGER[2]", "unnest([[1, 2], [-30, 4]])", [[1.5, 2.5], [-30, 4.5]]),
        ("FLOAT[]", "unnest([[1.5, 2], [-30, 4]])", [[1.5, 2.5], [-30, 4.5]]),
    ],
)
def test_a_label_of_several_numbers_is_listed_again(
    type_name: str, written: str, expected: list[Any]
) -> None:
    label = Label("y", type_name, length=2)
    sql = (
        f"SELECT {label.expression} FROM (SELECT y::{type_name} AS y FROM (SELECT {written} AS y))"
    )
    numbers = label.encode(duckdb.sql(sql).to_arrow_table().column(0).combine_chunks())
    np.testing.assert_array_equal(numbers[1], [-30, 4])
    assert label.decode(np.array([[1.5, 2.5], [-30, 4.5]])).to_pylist() == expected

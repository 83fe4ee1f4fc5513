"""Dotted and quoted names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.databases import names
from sqlml.quoting import identifier


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("t", '"t"'),
        ("db.t", '"db"."t"'),
        ("a.b.c", '"a"."b"."c"'),
        ('"my table"', '"my table"'),
        ("my table", '"my table"'),
        ('"a.b".c', '"a.b"."c"'),
        ("`x y`.z", '"x y"."z"'),
        ('"say ""hi"""', '"say ""hi"""'),
        ("naïve.tâble", '"naïve"."tâble"'),
        ('odd"name', '"odd""name"'),
        ("trailing.", '"trailing."'),
    ],
)
def test_a_name_is_quoted_part_by_part(name: str, expected: str) -> None:
    assert names.quoted(name) == expected


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_quoting_and_splitting_are_inverse(parts: list[str]) -> None:
    assert list(names.parts(".".join(identifier(part) for part in parts))) == parts


@given(st.text(min_size=1))
def test_any_text_gives_a_name(text: str) -> None:
    assert names.quoted(text)

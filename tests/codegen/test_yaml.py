"""The YAML writer, against PyYAML."""

import math
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sqlml.codegen.yaml import dump, dump_all

HAZARDS = ["1e3", "12345e7", "0o14", "1E5", "yes", "~", "no", "Null", "y", "0x1F", "1_000", "12:30"]
HAZARDS += ["", "-", "- a", "# a", "a: b", "a #b", "{{x}}", "*a", "&a", "!a", "%a", "@a", "=", "<<"]
HAZARDS += [".5", ".inf", "2026-11-21", " a", "a ", "\n", "a\n", "\ta", "a\tb", "\x85", "é\u2028"]
HAZARDS += ["a\r\nb", "  a\nb", "a\n  b\n", "a\n\n\nb\n\n", "\na", "#a\n#b", "---\n...", "🙂\n🙂"]

texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(HAZARDS)
lines = st.lists(texts).map("\n".join)
scalars = st.none() | st.booleans() | st.integers() | texts | lines
values: Any = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    assert yaml.safe_load(dump(value)) == value


@pytest.mark.parametrize("text", HAZARDS)
def test_what_a_reader_may_mistake_is_never_written_plain(text: str) -> None:
    written = dump({"key": text})
    assert yaml.safe_load(written) == {"key": text}
    assert written.startswith(('key: "', "key: |"))


def test_plain_words_are_written_plain_and_lines_as_a_block() -> None:
    value = {"image": "ghcr.io/org/a-b_c", "source": "a = 1\n\nprint(a)\n", "args": ["x", ["z"]]}
    assert dump(value) == (
        "image: ghcr.io/org/a-b_c\n"
        "source: |\n  a = 1\n\n  print(a)\n"
        "args:\n- x\n- - z\n"
    )  # fmt: skip


def test_several_documents() -> None:
    assert list(yaml.safe_load_all(dump_all([{"a": 1}, []]))) == [{"a": 1}, []]


@pytest.mark.parametrize("value", [math.nan, math.inf, "\ud800"])
def test_what_no_reader_understands_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        dump(value)


def test_values_of_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="a set cannot be written"):
        dump({"a": {1}})

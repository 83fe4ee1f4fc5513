"""What a program gives back."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sqlml.errors import ProgramError
from sqlml.results import Result, Results

FIRST = Result("query", pa.table({"a": [1, 2]}))
LAST = Result("predict", pa.table({"b": ["x", None]}))


def test_the_last_result_is_the_programs() -> None:
    results = Results("7f3a", [FIRST, LAST], {})
    assert results.to_arrow() is LAST.table
    assert results.to_pandas().equals(LAST.table.to_pandas())
    assert results.to_polars().equals(pl.DataFrame({"b": ["x", None]}))


def test_results_are_a_sequence() -> None:
    results = Results("7f3a", [FIRST, LAST], {})
    assert (len(results), results[0], results[-1], list(results)) == (2, FIRST, LAST, [FIRST, LAST])
    assert results[:1] == (FIRST,)
    assert [result.step for result in results] == ["query", "predict"]


def test_results_go_into_anything_that_reads_arrow_streams() -> None:
    assert pl.DataFrame(FIRST).equals(pl.DataFrame({"a": [1, 2]}))
    assert pa.table(FIRST).equals(FIRST.table)


def test_pandas_gets_its_own_types() -> None:
    frame = FIRST.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert frame["a"].tolist() == [1, 2]


def test_a_program_without_a_result_says_so() -> None:
    with pytest.raises(ProgramError, match="E0705"):
        Results("7f3a", [], {}).to_arrow()


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_a_missing_package_is_told_with_how_to_get_it(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ProgramError, match=rf'pip install "sqlml\[{package}\]"') as caught:
        getattr(FIRST, f"to_{package}")()
    assert caught.value.diagnostics[0].code == "E0706"

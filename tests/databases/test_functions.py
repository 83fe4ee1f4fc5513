"""Functions in Python that SQL calls."""

import threading
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from sqlml.databases.database import Function
from sqlml.databases.duckdb import DuckDB
from sqlml.grammar.model_functions import SPELLED


class Doubling:
    """The one function `PREDICT('m', x)`, and where it was called."""

    spelled = SPELLED

    def __init__(self) -> None:
        self.threads: set[threading.Thread] = set()

    def names(self) -> Iterable[str]:
        return ["sqlml_predict:m"]

    def changes(self) -> int:
        return 1

    def find(self, name: str) -> Function | None:
        return Function("BIGINT", self._double) if name == "sqlml_predict:m" else None

    def _double(self, records: pa.StructArray) -> pa.Array:
        self.threads.add(threading.current_thread())
        return pc.multiply(records.field(0), 2)


def test_functions_compute_in_threads_of_pythons(tmp_path: Path) -> None:
    """TensorFlow's first operation in a thread that DuckDB has made ends the process."""
    database, doubling = DuckDB.open(tmp_path / "d.duckdb"), Doubling()
    database.attach_functions(doubling)
    rows = "(SELECT {'x': i} AS r FROM range(500000) AS numbers(i))"
    found = database.execute(f'SELECT sum("sqlml_predict:m"(r)) AS total FROM {rows}')
    assert found is not None
    assert found.to_pylist() == [{"total": 500_000 * 499_999}]
    assert {type(thread) for thread in doubling.threads} == {threading.Thread}
    assert threading.current_thread() not in doubling.threads
    database.close()

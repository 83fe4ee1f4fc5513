"""Values as PostgreSQL's text: what Arrow writes is what DuckDB writes, or is not taken from it."""

import duckdb
import pyarrow as pa
import pytest

from sqlml.connectors.postgres.texts import expression, from_arrow
from sqlml.connectors.postgres.types import type_of

WRITTEN_BY_ARROW = {
    "DOUBLE": "-0|0|1|0.1|-2.5|123456.789|9999999999.5|1e-4|0.30000000000000004",
    "FLOAT": "-0|0|1|0.1|-2.5|1e6|1e-4|16777.217",
    "DECIMAL(9, 2)": "0|-0.05|1234567.89",
    "DECIMAL(38, 6)": "0.000001|12345678901234567890123456789012.123456",
    "DATE": "1970-01-01|0001-01-01|9999-12-31|1900-02-28",
    "TIMESTAMP": "1970-01-01 00:00:00|0001-01-01 00:00:00|9999-12-31 23:59:59.999999"
    "|2020-10-10 10:10:10.1|2020-10-10 00:00:00.000010|1969-12-31 23:59:50",
    "BIGINT": "-9223372036854775808|0|10",
    "BOOLEAN": "true|false",
}
NOT_BY_ARROW = {
    "DOUBLE": "1e10|1e14|1e20|1e-5|5e-324|nan|inf|-inf",
    "FLOAT": "1e10|1e-5|nan",
    "DECIMAL(18, 10)": "0.0000000001",
    "DATE": "infinity|0001-01-01 (BC)|10000-01-01",
    "TIMESTAMP": "infinity|0044-03-15 (BC) 12:00:00|10000-01-01 00:00:00",
    "TIMESTAMPTZ": "2020-01-01 00:00:00+00",
    "BLOB": "x",
}


@pytest.mark.parametrize("kind", WRITTEN_BY_ARROW)
def test_arrow_and_duckdb_write_the_same(kind: str) -> None:
    texts = [*WRITTEN_BY_ARROW[kind].split("|"), None]
    with duckdb.connect() as connection:
        values = connection.from_arrow(pa.table({"x": pa.array(texts, pa.string())})).project(
            f"CAST(x AS {kind}) AS x"
        )
        written = values.project(f"{expression('x', type_of(kind.replace(', ', ',')))} AS x")
        expected = written.to_arrow_table()["x"].to_pylist()
        column = values.to_arrow_table()["x"].combine_chunks()
    found = from_arrow(column)
    assert found is not None
    assert found.to_pylist() == expected
    assert expected[-1] is None


@pytest.mark.parametrize("kind", NOT_BY_ARROW)
def test_what_arrow_writes_otherwise_is_left_to_duckdb(kind: str) -> None:
    with duckdb.connect() as connection:
        for text in NOT_BY_ARROW[kind].split("|"):
            table = connection.sql(f"SELECT CAST(? AS {kind}) AS x", params=[text])
            assert from_arrow(table.to_arrow_table()["x"].combine_chunks()) is None, text

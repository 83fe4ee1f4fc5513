"""The benchmarks' tables, made in DuckDB from a hash of the row number: the same everywhere."""

from pathlib import Path

import duckdb

WIDTH = 28


def numbers(path: Path, rows: int, table: str = "train") -> None:
    """`rows` × 28 FLOAT columns and an INTEGER label that depends on some of them."""
    columns = ", ".join(
        f"((hash(i * 31 + {j}) % 1000003) / 1000003.0)::FLOAT AS f{j}" for j in range(WIDTH)
    )
    label = "(f0 * 3 + f1 * f2 * 2 - f3 + (hash(i) % 997) / 1994.0 > 1.4)::INTEGER"
    _make(path, f"CREATE OR REPLACE TABLE {table} AS SELECT * EXCLUDE (i), {label} AS label "
                f"FROM (SELECT i, {columns} FROM range({rows}) AS r(i))")  # fmt: skip


def mixed(path: Path, rows: int) -> None:
    """`rows` × 20: numbers and text with NULLs, dates, booleans, and a text label."""

    def draw(seed: int, size: int) -> str:
        return f"(hash(i * 53 + {seed}) % {size})"

    parts = [
        f"CASE WHEN {draw(j + 100, 20)} = 0 THEN NULL ELSE {draw(j, 100003)} / 1000.0 END AS n{j}"
        for j in range(10)
    ]
    sizes = (3, 8, 20, 50, 200, 1000)
    parts += [
        f"CASE WHEN {draw(j + 300, 25)} > 0 THEN 'value ' || {draw(j + 200, size)} END AS t{j}"
        for j, size in enumerate(sizes)
    ]
    parts += [f"DATE '2015-01-01' + {draw(j + 400, 3000)}::INTEGER AS d{j}" for j in range(2)]
    parts += [f"{draw(j + 500, 3)} = 0 AS b{j}" for j in range(2)]
    label = (
        "CASE WHEN coalesce(n0, 50) / 50 + (t0 = 'value 1')::INT + month(d0) / 12.0"
        f" + {draw(900, 1000)} / 1500.0 > 2.1 THEN 'yes' ELSE 'no' END"
    )
    _make(path, f"CREATE OR REPLACE TABLE mixed AS SELECT * EXCLUDE (i), {label} AS label "
                f"FROM (SELECT i, {', '.join(parts)} FROM range({rows}) AS r(i))")  # fmt: skip


def products(path: Path, rows: int) -> None:
    """What could be produced: its profit, how many are wanted, the hours it takes in its plant."""

    def draw(seed: int, low: int, high: int) -> str:
        return f"({low} + hash(i * 11 + {seed}) % {high - low})"

    columns = (
        f"i AS product, i % {max(1, rows // 100)} AS plant, {draw(1, 100, 999)} / 10.0 AS profit,"
        f" {draw(2, 10, 99)} / 10.0 AS hours, {draw(3, 1, 50)} AS wanted, 8000 AS capacity"
    )
    _make(path, f"CREATE OR REPLACE TABLE products AS SELECT {columns} FROM range({rows}) AS r(i)")


def _make(path: Path, sql: str) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("SET preserve_insertion_order = true")
        con.execute(sql)
        con.execute("CHECKPOINT")

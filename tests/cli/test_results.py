"""Result sets in every format, with every kind of value."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from sqlml.cli.main import outcome
from sqlml.cli.results import print_event, print_result
from sqlml.cli.table import draw

EXACT = "-123456789012345678901234567890.12345678"
VALUES = f"""
SELECT 1::HUGEINT AS huge, 1.50::DECIMAL(9,2) AS cents,
       '{EXACT}'::DECIMAL(38,8) AS exact, [1, NULL, 3] AS list,
       {{'a': 1, 'b': [0.5, 'nan'::DOUBLE]}} AS struct, MAP {{'k': 1}} AS map,
       DATE '2024-01-02' AS day, TIMESTAMP '2024-01-02 03:04:05' AS moment, TIME '01:02:03' AS time,
       INTERVAL '1 month 2 days 3 hours' AS span, '\\xAB\\x01'::BLOB AS bytes, 'nan'::DOUBLE AS nan,
       'a|b"c,d\ne' AS text, NULL AS nothing, 'x'::ENUM('x', 'y') AS choice, true AS yes,
       0.1::FLOAT AS float, 1::DOUBLE / 3 AS double,
       '2024-01-01 00:00:00.123456789'::TIMESTAMP_NS AS ns
"""
Printed = Callable[[str], str]


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Printed:
    """The values in a format."""
    monkeypatch.chdir(tmp_path)

    def run(output: str) -> str:
        assert outcome(["run", "-q", "--db", ":memory:", "-c", VALUES, "--output", output]) == 0
        return capsys.readouterr().out

    return run


def test_csv_has_every_value_in_full(printed: Printed) -> None:
    (row,) = csv.DictReader(io.StringIO(printed("csv")))
    assert row == {
        "huge": "1", "cents": "1.50",
        "exact": EXACT, "list": "[1, null, 3]",
        "struct": '{"a": 1, "b": [0.5, null]}', "map": '{"k": 1}',
        "day": "2024-01-02", "moment": "2024-01-02 03:04:05", "time": "01:02:03",
        "span": "1 month 2 days 3:00:00", "bytes": "ab01", "nan": "nan", "text": 'a|b"c,d\ne',
        "nothing": "", "choice": "x", "yes": "true", "float": "0.1", "double": "0.3333333333333333",
        "ns": "2024-01-01 00:00:00.123456789",
    }  # fmt: skip


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_json_has_values_of_its_own_kinds(printed: Printed, output: str) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = printed(output)
    told = json.loads(text, parse_constant=refuse)
    row = told[0] if output == "json" else told
    assert f'"exact": {EXACT}, ' in text
    assert row == {
        "exact": float(EXACT),
        "huge": 1, "cents": 1.5, "list": [1, None, 3], "struct": {"a": 1, "b": [0.5, None]},
        "map": {"k": 1}, "day": "2024-01-02", "moment": "2024-01-02T03:04:05", "time": "01:02:03",
        "span": "1 month 2 days 3:00:00", "bytes": "ab01", "nan": None, "text": 'a|b"c,d\ne',
        "nothing": None, "choice": "x", "yes": True, "float": 0.1, "double": 0.3333333333333333,
        "ns": "2024-01-01T00:00:00.123456789",
    }  # fmt: skip


@pytest.mark.parametrize("output", ["table", "markdown"])
def test_what_people_read_has_one_line_per_row(printed: Printed, output: str) -> None:
    lines = printed(output).splitlines()
    assert len(lines) == {"table": 6, "markdown": 3}[output]
    if output == "markdown":
        assert '| a\\|b"c,d\\ne | NULL | x | true | 0.1 | 0.333333 |' in lines[2]


def test_a_table_is_no_wider_than_its_terminal() -> None:
    table = pa.table({f"column_{i}": [i, None] for i in range(40)})
    lines = list(draw(table, 80))
    assert max(map(len, lines)) <= 80
    assert len({len(line) for line in lines[:-1]}) == 1
    assert "column_0" in lines[1]
    assert "… │" in lines[1]
    assert lines[1].rstrip(" │").endswith("column_39")
    assert lines[-1].startswith("2 rows · 40 columns, ")


def test_wide_characters_take_two_cells() -> None:
    lines = list(draw(pa.table({"a": ["漢字", "ab"]}), 80))
    assert lines[3] == "│ 漢字 │"
    assert lines[4] == "│ ab   │"


def test_only_the_first_rows_of_a_table_are_drawn() -> None:
    lines = list(draw(pa.table({"a": range(1000)}), 80))
    assert lines[-1] == "1,000 rows, the first 40 shown"
    assert len(lines) == 45


def test_no_rows_are_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    empty = pa.table({"a": pa.array([], pa.int64())})
    assert list(draw(empty, 80))[-1] == "0 rows"
    shown = {}
    for output in ("csv", "json", "jsonl"):
        print_result(empty, output)
        shown[output] = capsys.readouterr().out
    assert shown == {"csv": "a\n", "json": "[\n]\n", "jsonl": ""}
    print_event("query", empty)
    assert json.loads(capsys.readouterr().out)["rows"] == []


def test_large_results_become_several_events(capsys: pytest.CaptureFixture[str]) -> None:
    print_event("query", pa.table({"a": range(2500)}))
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(event["offset"], len(event["rows"])) for event in events] == [
        (0, 1000),
        (1000, 1000),
        (2000, 500),
    ]


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m sqlml run -q --output csv -c 'SELECT * FROM range(300000)'"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} | head -1"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "range\n", "")


def test_printing_a_large_result_takes_little_memory(tmp_path: Path) -> None:
    code = (
        "import os, resource, sys\n"
        "import pyarrow as pa\n"
        "from sqlml.cli.results import print_result\n"
        "rows = pa.ipc.open_file(pa.memory_map('big.arrow')).read_all()\n"
        "print_result(rows.slice(0, 20_000), 'csv')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print_result(rows, 'csv')\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print((after - before) / 1024, file=sys.stderr)\n"
    )
    rows = pa.table({"a": range(400_000), "b": ["some text"] * 400_000})
    with pa.ipc.new_file(tmp_path / "big.arrow", rows.schema) as file:
        file.write_table(rows, max_chunksize=10_000)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    assert float(done.stderr) < 20  # MiB; the rows as Python values would be 100


def test_arrow_is_written_as_a_stream_for_each_result(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    sql = "SELECT 1 AS a, [1, NULL] AS l; SELECT 2 AS b WHERE false"
    assert outcome(["run", "-q", "--db", ":memory:", "-c", sql, "--output", "arrow"]) == 0
    written = io.BytesIO(capsysbinary.readouterr().out)
    first, second = (pa.ipc.open_stream(written).read_all() for _ in range(2))
    assert first.to_pylist() == [{"a": 1, "l": [1, None]}]
    assert (second.column_names, second.num_rows) == (["b"], 0)

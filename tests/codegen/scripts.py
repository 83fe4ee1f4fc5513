"""Plain scripts, against what sqlml does with the same program."""

import runpy
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import numpy as np
import pyarrow as pa

from sqlml.codegen.engine import Options, render
from sqlml.workflow.ir import Workflow

LISTS = "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY ALL"


def run_script(workflow: Workflow, folder: Path) -> Path:
    """Run a workflow's script in this process, which has its libraries already; its database."""
    ((name, text),) = render(workflow, "python", Options()).items()
    assert "import sqlml" not in text
    script, database = folder / name, folder / "script.duckdb"
    script.write_text(text)
    with patch.object(sys, "argv", [str(script), str(database)]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runpy.run_path(str(script))
    return database


def same_tables(ours: Path, theirs: Path, tolerance: float = 1e-5) -> int:
    """Check that two databases have the same tables; how many.

    tolerance: how far numbers may be from each other, as a share of them.
    """
    with duckdb.connect(ours) as here, duckdb.connect(theirs) as there:
        names = there.sql(LISTS).fetchall()
        assert names == here.sql(LISTS).fetchall()
        for schema, table in names:
            left, right = contents(here, schema, table), contents(there, schema, table)
            assert left.schema == right.schema, table
            for column in left.column_names:
                same(left[column], right[column], f"{table}.{column}", tolerance)
    return len(names)


def same(ours: pa.ChunkedArray, theirs: pa.ChunkedArray, name: str, tolerance: float) -> None:
    if pa.types.is_floating(ours.type):
        assert ours.null_count == theirs.null_count, name
        np.testing.assert_allclose(theirs, ours, rtol=tolerance, atol=tolerance / 10, err_msg=name)
    else:
        assert theirs.equals(ours), name


def contents(con: Any, schema: str, table: str) -> Any:
    return con.sql(f'FROM "{schema}"."{table}" ORDER BY ALL').to_arrow_table()

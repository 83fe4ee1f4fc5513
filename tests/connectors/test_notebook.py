"""`%%sqlml` in a real IPython shell, and the example notebooks in a real kernel."""

import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from sqlml.connectors.notebook.cells import bound
from sqlml.connectors.notebook.display import LiveTable
from sqlml.errors import ProgramError, SqlmlError
from sqlml.runtime.events import RunFinished, RunStarted, StepFinished, StepStarted
from sqlml.source import Source

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "sqlml")
    shell.run_line_magic("sqlml", "--db :memory:")
    yield shell
    shell.magics_manager.registry["SqlmlMagics"].close()
    InteractiveShell.clear_instance()


def cell(shell: InteractiveShell, options: str, text: str) -> Any:
    return shell.run_cell_magic("sqlml", options, text)


def test_the_last_result_is_the_value_of_the_cell(shell: InteractiveShell) -> None:
    found = cell(shell, "", "CREATE OR REPLACE TABLE t AS SELECT 1 AS a; SELECT a + 1 AS b FROM t;")
    pd.testing.assert_frame_equal(found, pd.DataFrame({"b": [2]}), check_dtype=False)
    assert cell(shell, "", "CREATE OR REPLACE TABLE t AS SELECT 2 AS a;") is None
    assert shell.run_line_magic("sqlml", "SELECT a FROM t").a.tolist() == [2]
    assert isinstance(cell(shell, "--df polars", "SELECT 1 AS a"), pl.DataFrame)
    assert isinstance(shell.run_line_magic("sqlml", "--df arrow SELECT 1 AS a"), pa.Table)


def test_a_result_is_kept_under_a_name(shell: InteractiveShell) -> None:
    assert cell(shell, "kept --df arrow", "SELECT 3 AS a") is None
    assert shell.user_ns["kept"].to_pylist() == [{"a": 3}]
    with pytest.raises(ProgramError, match="E0894"):
        cell(shell, "two names", "SELECT 1")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_data_frames_are_tables(shell: InteractiveShell, make: Any) -> None:
    shell.user_ns["My_Frame"] = make({"x": [1, 2, 3], "y": ["a", "b", "b"]})
    found = cell(shell, "", "SELECT y, sum(x)::INTEGER AS n FROM my_frame GROUP BY y ORDER BY y")
    assert found.to_dict("list") == {"y": ["a", "b"], "n": [1, 5]}
    shell.user_ns["My_Frame"] = make({"x": [5], "y": ["c"]})
    assert cell(shell, "", "SELECT x FROM my_frame").x.tolist() == [5]


@pytest.mark.parametrize(
    "frame",
    [
        pl.LazyFrame({"x": [1, 2]}),
        pl.Series("x", [1, 2]),
        pd.Series([1, 2], name="x"),
        pa.table({"x": [1, 2]}),
    ],
    ids=lambda frame: f"{type(frame).__module__}.{type(frame).__name__}",
)
def test_columns_and_lazy_frames_are_tables_too(shell: InteractiveShell, frame: Any) -> None:
    shell.user_ns["odd_frame"] = frame
    found = shell.run_line_magic(
        "sqlml", "SELECT sum(x) AS n, {'a': 1} AS s FROM {{ 'odd_frame' }}"
    )
    assert found.n.tolist() == [3]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, "x"]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": [1 + 2j]}),
    ],
    ids=["of several types", "twice", "complex"],
)
def test_what_is_no_table_is_told(shell: InteractiveShell, frame: Any) -> None:
    shell.user_ns["wrong_frame"] = frame
    with pytest.raises(SqlmlError, match=r"E0895.*`wrong_frame` is no table"):
        cell(shell, "", "SELECT * FROM wrong_frame")


def test_a_table_of_the_database_goes_before_a_data_frame(shell: InteractiveShell) -> None:
    cell(shell, "", "CREATE OR REPLACE TABLE shared_name AS SELECT 'table' AS what")
    shell.user_ns["shared_name"] = pd.DataFrame({"what": ["frame"]})
    assert cell(shell, "", "FROM shared_name").what.tolist() == ["table"]


def test_a_model_is_trained_on_a_data_frame_and_applied(shell: InteractiveShell) -> None:
    shell.user_ns["frame"] = pd.DataFrame({"x": range(40), "y": [2 * x + 1 for x in range(40)]})
    shell.user_ns["kind"] = "sklearn.linear_model.LinearRegression"
    train = "SELECT * FROM frame TO TRAIN {{ kind }} LABEL y INTO line;"
    found = cell(
        shell,
        "",
        train + "SELECT PREDICT('line', frame) AS y FROM frame WHERE x = :x;".replace(":x", "39"),
    )
    assert found.y.tolist() == pytest.approx([79])
    planned = cell(shell, "--plan", train)
    assert list(planned.step) == ["train"]
    assert "Fit" in _printed(shell, "--explain", train)


def _printed(shell: InteractiveShell, options: str, text: str) -> str:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()) as told:
        assert cell(shell, options, text) is None
    return told.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT :n", "SELECT 5"),
        ("FROM t WHERE b=:s AND c IN (:n,:n)", "FROM t WHERE b='it''s' AND c IN (5,5)"),
        ("SELECT '1'::INTEGER, x:n, ':n', l[:n], l[1:n] -- :n", None),
        ("WITH objective = binary:logistic, eta=:f", "WITH objective = binary:logistic, eta=0.1e0"),
        ("SELECT {{ n + 1 }}", "SELECT 6"),
    ],
)  # fmt: skip
def test_variables_are_bound_where_they_are_meant(text: str, expected: str | None) -> None:
    variables = {"n": 5, "s": "it's", "f": 0.1, "INTEGER": 1, "logistic": 2}
    assert bound(Source("cell", text), variables).text == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("SELECT 1,\n  :limti", "E0890", "cell:2:3"),
        ("SELECT :frame", "E0891", "cell:1:8"),
        ("SELECT 1,\n{{ nobody }}", "E0892", None),
        ("SELECT 1,\n{% if %}", "E0892", "cell:2:1"),
    ],
)
def test_what_cannot_be_bound_is_said_at_its_place(text: str, code: str, place: str | None) -> None:
    with pytest.raises(ProgramError) as raised:
        bound(Source("cell", text), {"limit": 1, "frame": pd.DataFrame()})
    (fault,) = raised.value.diagnostics
    assert fault.code == code
    assert place is None or (fault.span is not None and fault.span.place == place)
    assert code != "E0890" or fault.hint == "did you mean `limit`?"


def test_errors_keep_their_place_and_lose_their_traceback(shell: InteractiveShell) -> None:
    with pytest.raises(SqlmlError) as raised:
        cell(shell, "", "SELECT 1;\nSELECT nothing FROM (SELECT 1 AS a)")
    shown = raised.value._render_traceback_()
    assert any(line.startswith(" --> In [") and line.endswith(":2:8") for line in shown), shown
    assert any(line.endswith("| SELECT nothing FROM (SELECT 1 AS a)") for line in shown), shown
    assert any(line.endswith("|        ^^^^^^^") for line in shown), shown
    assert not any("Traceback" in line for line in shown)


def test_what_a_cell_sets_up_lasts_and_is_its_connections_own(
    shell: InteractiveShell, tmp_path: Path
) -> None:
    db = tmp_path / "lasting.duckdb"
    cell(
        shell,
        f"--connection one --db {db}",
        "CREATE TEMP TABLE mine AS SELECT range AS x, 3 * range AS y FROM range(30);"
        "SET VARIABLE most = 4; BEGIN; CREATE TABLE told AS SELECT 1 AS a;",
    )
    with pytest.raises(SqlmlError, match="E0880"):
        cell(shell, "", "SELECT * FROM mine TO TRAIN LinearRegression LABEL y INTO thrice")
    with pytest.raises(SqlmlError, match="E0880"):
        cell(shell, "--explain", "SELECT 1")
    assert shell.run_line_magic("sqlml", "SELECT count(*) AS n FROM told").n[0] == 1
    for table in ("told", "mine"):
        with pytest.raises(SqlmlError, match=table):
            cell(shell, f"--connection two --db {db}", f"FROM {table}")
    cell(shell, "--connection one", "COMMIT;")
    large = "SELECT count(*) AS n FROM mine WHERE x > getvariable('most')"
    assert cell(shell, "", large).n.tolist() == [25]
    assert cell(shell, "--connection two", "FROM told").a.tolist() == [1]
    shell.run_line_magic("sqlml", "--connection default")


def test_data_frames_are_read_as_they_are_though_the_connection_stays(
    shell: InteractiveShell,
) -> None:
    shell.user_ns["changing"] = pd.DataFrame({"x": [1]})
    cell(shell, "", "BEGIN; FROM changing")
    with pytest.raises(SqlmlError):
        cell(shell, "", "SELECT error('no') FROM changing")
    with pytest.raises(SqlmlError, match="ROLLBACK"):  # it has failed: nobody can look for tables
        cell(shell, "", "FROM changing")
    cell(shell, "", "ROLLBACK")
    shell.user_ns["changing"] = pd.DataFrame({"x": [2]})
    assert cell(shell, "", "FROM changing").x.tolist() == [2]
    del shell.user_ns["changing"]
    with pytest.raises(SqlmlError, match="changing"):
        cell(shell, "", "FROM changing")


def test_connections_have_names(shell: InteractiveShell, tmp_path: Path) -> None:
    shell.run_line_magic("sqlml", f"--connection other --db {tmp_path}/other.duckdb")
    cell(shell, "", "CREATE TABLE only_here AS SELECT 1 AS a")
    cell(shell, "--connection default", "CREATE OR REPLACE TABLE only_there AS SELECT 1 AS a")
    assert cell(shell, "--connection other", "SELECT count(*) AS n FROM only_here").n[0] == 1
    with pytest.raises(ProgramError, match="did you mean `other`"):
        cell(shell, "--connection othre", "SELECT 1")
    with pytest.raises(ProgramError, match="E0893"):
        cell(shell, "--connection nobody", "SELECT 1")
    shell.run_line_magic("sqlml", "--connection default")


def test_the_live_table_follows_the_run() -> None:
    shown: list[Any] = []

    class Handle:
        def update(self, bundle: Any, *, raw: bool) -> None:
            shown.append(bundle["text/plain"])
            assert raw
            assert "<b>" not in bundle["text/html"]

    table = LiveTable(Handle())
    table(RunStarted(0, "7f3a", "w", ("train",)))
    table(StepStarted(0, "train", "train", "xgboost → <b>"))
    table(StepFinished(1, "train", "train", "xgboost → <b>", 0.5, "accuracy 0.9"))
    table(RunFinished(1, "7f3a", "succeeded", 0.6, 1))
    assert shown[0] == "run 7f3a"
    assert shown[-1] == (
        "✓  train  xgboost → <b>  accuracy 0.9  0.50 s\nsucceeded in 0.60 s · run 7f3a"
    )


@pytest.mark.parametrize("name", ["train", "tune", "explain", "predict"])
def test_the_example_notebooks_run_from_top_to_bottom(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    shutil.copytree(EXAMPLES / "data", tmp_path / "data")
    folder.mkdir()
    book = nbformat.read(EXAMPLES / "notebooks" / f"{name}.ipynb", as_version=4)
    if name == "train":  # all cells once more, in the same kernel
        again = deepcopy(book.cells)
        for each in again:
            each.id += "-again"
        book.cells += again
    wrong = [c for c in book.cells if "max_dpeth" in c.source]
    for each in wrong:
        each.metadata["tags"] = ["raises-exception"]
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    for each in wrong:
        (output,) = [o for o in each.outputs if o.output_type == "error"]
        assert "did you mean `max_depth`?" in "\n".join(output.traceback)
    outputs = [o for c in book.cells if c.cell_type == "code" for o in c.outputs]
    assert any("succeeded" in o.get("data", {}).get("text/html", "") for o in outputs)
    assert name != "explain" or any("image/png" in o.get("data", {}) for o in outputs)

"""The command line, tried as its users would."""

import csv
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sqlml.cli import COMMANDS
from sqlml.cli.main import outcome

IRIS = Path("examples/data/iris.csv").resolve()
TRAIN = (
    f"CREATE OR REPLACE TABLE iris AS SELECT * FROM '{IRIS}';\n"
    "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH max_depth = 3 LABEL species INTO m;\n"
)
Sqlml = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sqlml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Sqlml:
    """Runs a command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = outcome(arguments)
        return code, *capsys.readouterr()

    return run


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from sqlml.cli.main import outcome\n"
        "outcome(['--help'])\n"
        "heavy = {'xgboost', 'lightgbm', 'sklearn', 'scipy', 'numpy', 'pandas', 'pyarrow',"
        " 'duckdb', 'sqlglot', 'lark', 'rich', 'shap', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert all(f"  {command} " in shown.stdout for command in COMMANDS)
    assert "..." not in shown.stdout.partition("Commands:")[2]
    assert shown.stdout.endswith("[]\n")


def test_importing_sqlml_loads_nothing_heavy() -> None:
    code = "import sys, sqlml; print(len([m for m in sys.modules if m.startswith('sqlml')]))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "1\n"


def test_results_go_to_stdout_and_progress_to_stderr(sqlml: Sqlml) -> None:
    code, out, err = sqlml("run", "-c", "SELECT 1 AS a, 'x' AS b", "--output", "csv")
    assert code == 0
    assert out == "a,b\n1,x\n"
    assert "query" in err


@pytest.mark.parametrize("output", ["csv", "json", "jsonl", "markdown", "table"])
def test_every_output_shows_the_rows(sqlml: Sqlml, output: str) -> None:
    sql = "SELECT i, 'row ' || i AS name, i / 2 AS half, NULL AS nothing FROM range(3) t(i)"
    code, out, _ = sqlml("run", "-q", "-c", sql, "--output", output)
    assert code == 0
    rows = {
        "csv": lambda: [row["name"] for row in csv.DictReader(io.StringIO(out))],
        "json": lambda: [row["name"] for row in json.loads(out)],
        "jsonl": lambda: [json.loads(line)["name"] for line in out.splitlines()],
        "markdown": lambda: [line.split(" | ")[1] for line in out.splitlines()[2:]],
        "table": lambda: [f"row {i}" for i in range(3) if f"row {i}" in out],
    }[output]()
    assert rows == ["row 0", "row 1", "row 2"]


def test_a_mistake_is_shown_with_its_place_and_exit_code_2(sqlml: Sqlml) -> None:
    Path("bad.sql").write_text(TRAIN.replace("max_depth", "max_dpeth"))
    code, out, err = sqlml("run", "bad.sql")
    assert code == 2
    assert out == ""
    assert "error[E0203]: `xgboost.gbtree` has no attribute `max_dpeth`" in err
    assert "--> bad.sql:2:" in err
    assert "did you mean `max_depth`?" in err
    assert "Traceback" not in err


def test_nothing_runs_when_a_later_statement_is_wrong(sqlml: Sqlml) -> None:
    assert sqlml("run", "-c", "CREATE TABLE t AS SELECT 1 AS a; SELECT b FROM t")[0] == 2
    assert sqlml("run", "-c", "SELECT * FROM t")[0] == 2


def test_errors_name_the_file_of_a_program_over_several_files(sqlml: Sqlml) -> None:
    Path("one.sql").write_text("CREATE TABLE t AS SELECT 1 AS a;")
    Path("two.sql").write_text("\nSELECT b FROM t;")
    code, _, err = sqlml("run", "one.sql", "two.sql")
    assert code == 2
    assert "two.sql:2:8" in err


def test_a_failed_step_is_told_with_how_to_go_on_and_exit_code_1(sqlml: Sqlml) -> None:
    Path("p.sql").write_text(
        "CREATE TABLE t AS SELECT 'abc' AS a;\nSELECT a::INTEGER FROM t;\nSELECT 2 AS two;"
    )
    code, out, err = sqlml("run", "p.sql", "--output", "csv")
    assert code == 1
    assert "p.sql:2" in err
    assert "resume with: sqlml run p.sql --resume " in err
    assert "two\n2\n" in out


def test_an_unchanged_program_is_not_run_again(sqlml: Sqlml) -> None:
    Path("p.sql").write_text(TRAIN)
    sqlml("run", "p.sql")
    code, _, err = sqlml("run", "p.sql")
    assert code == 0
    assert "2 unchanged" in err


def test_json_streams_events(sqlml: Sqlml) -> None:
    _, out, _ = sqlml("run", "--json", "-c", "SELECT 1 AS a")
    events = [json.loads(line) for line in out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["run_started", "step_started", "step_finished", "run_finished", "result"]
    assert events[-1]["rows"] == [{"a": 1}]


def test_variables_are_filled_in(sqlml: Sqlml) -> None:
    code, out, _ = sqlml("run", "-q", "-c", "SELECT '${day}' AS d", "--var", "day=monday",
                         "--output", "csv")  # fmt: skip
    assert (code, out) == (0, "d\nmonday\n")
    code, _, err = sqlml("run", "-c", "SELECT '${dya}'", "--var", "day=monday")
    assert code == 2
    assert "did you mean `day`?" in err


def test_plan_says_why_and_runs_nothing(sqlml: Sqlml) -> None:
    Path("p.sql").write_text(TRAIN)
    code, out, _ = sqlml("plan", "p.sql")
    assert code == 0
    assert "would change 1 model and 1 table" in out
    assert "not run before" in out
    sqlml("run", "p.sql")
    assert "nothing to do" in sqlml("plan", "p.sql")[1]
    Path("p.sql").write_text(TRAIN.replace("max_depth = 3", "max_depth = 4"))
    out = sqlml("plan", "p.sql")[1]
    assert "~ model  m" in out
    assert "now version 1" in out
    assert "`max_depth` is 4, was 3" in out


def test_explain_shows_every_stage(sqlml: Sqlml) -> None:
    out = sqlml("explain", "-c", TRAIN)[1]
    assert "Fit xgboost.gbtree" in out
    assert "query ─▶ train" in out
    assert sqlml("explain", "--after", "tree", "-c", TRAIN)[1].count("TO TRAIN") == 1
    assert sqlml("explain", "--after", "workflow", "-c", TRAIN)[1].startswith("workflow ")
    assert sqlml("explain", "--diff", "-c", TRAIN)[0] == 0
    assert sqlml("explain", "--after", "sise", "-c", TRAIN)[0] == 2


def test_render_prints_the_workflow(sqlml: Sqlml) -> None:
    from sqlml.source import Source
    from sqlml.workflow.serial import from_json
    from sqlml.workflow.text import parse_workflow

    text = sqlml("render", "-c", TRAIN)[1]
    told = sqlml("render", "-c", TRAIN, "--output", "json")[1]
    assert parse_workflow(Source("w", text)) == from_json(json.loads(told))


def test_models_show_and_log(sqlml: Sqlml) -> None:
    _, _, err = sqlml("run", "-c", TRAIN)
    run = err.split("next: sqlml show ")[1].split()[0]
    assert "   sqlml show m" in err
    assert "m" in sqlml("models")[1]
    assert "xgboost.gbtree" in sqlml("show", "m")[1]
    assert "train" in sqlml("show", run)[1]
    assert "wasted_gb_h" in sqlml("show", run, "--utilisation")[1]
    assert "E0860" in sqlml("show", "m", "--utilisation")[2]
    assert sqlml("log", run)[0] == 0
    code, _, err = sqlml("show", "nn")
    assert code == 2
    assert "there is no model and no run `nn`" in err
    other = TRAIN.replace("INTO m", "INTO k")
    _, _, err = sqlml("run", "-c", f"{TRAIN}{other}ALTER MODEL k RENAME TO n; DROP MODEL M;")
    assert "   sqlml show n" in err


def test_help_explains_codes_and_models(sqlml: Sqlml) -> None:
    assert sqlml("help", "E0203")[1].startswith("## E0203")
    assert "max_depth" in sqlml("help", "xgboost.gbtree")[1]
    assert sqlml("help", "E9999")[0] == 2
    assert "xgboost.dart\n" in sqlml("help", "xgboost")[1]
    assert "did you mean `xgboost`?" in sqlml("help", "xgbost")[2]
    assert sqlml("help", "run")[1].startswith("Usage: sqlml run ")
    assert "did you mean `xgboost.gbtree`?" in sqlml("help", "xgboost.gbtre")[2]


def test_init_writes_a_program_that_runs(sqlml: Sqlml) -> None:
    assert sqlml("init")[0] == 0
    code, out, _ = sqlml("run", "first.sql")
    assert code == 0
    assert "leaves_proba_true" in out
    assert sqlml("init")[0] == 2


def test_an_unknown_command_is_answered_with_the_nearest(sqlml: Sqlml) -> None:
    code, _, err = sqlml("rnu")
    assert code == 2
    assert "did you mean `run`?" in err


def test_nothing_to_do_is_no_error(sqlml: Sqlml) -> None:
    code, out, err = sqlml("run", "-c", ";; -- nothing\n")
    assert (code, out, err) == (0, "", "there is no statement to run\n")


def test_several_texts_and_files_are_one_program(
    sqlml: Sqlml, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("one.sql").write_text("CREATE TABLE t AS SELECT 1 AS a;")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"INSERT INTO t VALUES (2);")))
    code, out, _ = sqlml("run", "-q", "one.sql", "-", "-c", "INSERT INTO t VALUES (3)",
                         "-c", "FROM t ORDER BY a", "--output", "csv")  # fmt: skip
    assert (code, out) == (0, "a\n1\n2\n3\n")


@pytest.mark.parametrize(
    ("where", "code", "told"),
    [(">&-", 0, ""), (">/dev/full", 1, "error[E0622]: no space is left on the disk")],
)
def test_output_that_goes_nowhere_is_no_bug(where: str, code: int, told: str) -> None:
    shell = f"{shlex.quote(sys.executable)} -m sqlml --help {where}"
    done = subprocess.run(
        shell, shell=True, check=False, stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert (done.returncode, done.stderr[: len(told)]) == (code, told)
    assert "Traceback" not in done.stderr


def test_a_program_can_be_piped_in(sqlml: Sqlml, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("SELECT 'é' AS e".encode())))
    assert sqlml("run", "-q", "--output", "csv")[1] == "e\né\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"SELECT '\xe9' AS e")))
    assert "error[E0708]: `-` cannot be read: it is not UTF-8 text" in sqlml("run")[2]


def test_a_file_that_is_not_there_is_answered_with_the_nearest(sqlml: Sqlml) -> None:
    Path("iris.sql").write_text("SELECT 1")
    code, _, err = sqlml("run", "irsi.sql")
    assert code == 2
    assert "did you mean `iris.sql`?" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "-c", "SELECT 1", "--var", "x"],
        ["run", "-c", "SELECT 1", "--threads", "0"],
        ["run", "-c", "SELECT 1", "--dialect", "duckbd"],
        ["run", "-c", "SELECT 1", "--output", "xml"],
        ["run", "-c", "SELECT 1", "--resume", "7f3a"],
        ["run", "-c", "SELECT 1", "--db", "no/such/folder/x.duckdb"],
        ["log", "7f3a"],
        ["show"],
        ["help", "nothing"],
    ],
)
def test_wrong_flags_are_told_without_a_traceback(sqlml: Sqlml, arguments: list[str]) -> None:
    code, out, err = sqlml(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert "Traceback" not in err
    assert "rror" in err


def test_the_error_of_a_failed_step_is_in_its_log(sqlml: Sqlml) -> None:
    Path("p.sql").write_text(TRAIN.replace("FROM iris ", "FROM empty ").replace(
        "SELECT * FROM empty",
        "CREATE TABLE empty AS SELECT *, NULL::VARCHAR AS kind FROM iris; SELECT * FROM empty",
    ).replace("LABEL species", "LABEL kind"))  # fmt: skip
    code, _, err = sqlml("run", "p.sql")
    assert code == 1
    assert "✗ train " in err
    assert "error[E0" in err
    command = err.split("log: sqlml log ")[1].split("\n")[0]
    _, out, _ = sqlml("log", *command.split())
    assert out.startswith("error[E0")
    assert "LABEL kind" in out
    assert "train" in sqlml("log", command.split()[0])[1]
    assert "did you mean `train`?" in sqlml("log", command.split()[0], "tarin")[2]


def test_after_an_error_the_rest_runs_or_stops_as_told(sqlml: Sqlml) -> None:
    program = "SELECT error('no'); CREATE TABLE t AS SELECT 1 AS a; SELECT a FROM t"
    code, out, _ = sqlml("run", "-c", program, "--threads", "1", "--output", "csv")
    assert (code, out) == (1, "a\n1\n")
    code, _, err = sqlml("run", "-q", "-c", program, "--on-error", "stop", "--no-reuse")
    assert code == 1
    assert "error[" in err
    assert "✓" not in err


def test_notes_are_told_with_their_place(sqlml: Sqlml) -> None:
    program = TRAIN + "SELECT * FROM iris TO EXPLAIN m WITH summary.alpha = 0.5;"
    _, _, err = sqlml("plan", "-c", program)
    assert "note: " in err
    assert "(<command>:3:" in err
    events = [json.loads(line) for line in sqlml("run", "--json", "-c", program)[1].splitlines()]
    assert events[0]["event"] == "note"
    assert events[0]["place"].startswith("<command>:3:")


def test_a_locked_database_is_told(sqlml: Sqlml) -> None:
    code = (
        "import duckdb, sys, time\n"
        "con = duckdb.connect('x.duckdb')\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        code, _, err = sqlml("run", "--db", "x.duckdb", "-c", "SELECT 1")
        assert code == 1
        assert "error[E0601]" in err
        assert str(other.pid) in err
        other.communicate("")
    assert sqlml("run", "--db", "x.duckdb", "-c", "SELECT 1")[0] == 0


def test_commands_that_are_shown_can_be_typed(
    sqlml: Sqlml, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_ZOO", "")  # which --zoo sets
    Path("my models").mkdir()
    _, _, err = sqlml(
        "run", "-c", "SELECT ${x} AS a", "--var", "x=error('it''s')", "--db", "a b.duckdb",
        "--dialect", "mysql", "--zoo", "my models",
    )  # fmt: skip
    shown = err.split("resume with: sqlml ")[1]
    arguments = shlex.split(shown)
    assert arguments[:3] == ["run", "-c", "SELECT ${x} AS a"]
    assert arguments[5:9] == ["--dialect", "mysql", "--zoo", "my models"]
    assert sqlml(*arguments)[0] == 1
    log = err.split("log: sqlml ")[1].splitlines()[0]
    assert "error[E0623]" in sqlml(*shlex.split(log))[1]


@pytest.mark.slow
def test_ctrl_c_ends_the_run_cleanly_and_it_can_be_resumed(tmp_path: Path) -> None:
    program = tmp_path / "p.sql"
    program.write_text(
        f"CREATE TABLE iris AS SELECT * FROM '{IRIS}';\n"
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH train.num_boost_round = 1000000"
        " LABEL species INTO m;\n"
    )
    command = [sys.executable, "-m", "sqlml", "run", "p.sql"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "✓ query" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "resume with: sqlml run p.sql --resume " in err
    assert "Traceback" not in err
    run = err.rsplit("--resume ", 1)[1].strip()
    program.write_text(program.read_text().replace("1000000", "5"))
    again = subprocess.run(
        [*command, "--resume", run], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert "1 unchanged" in again.stderr

"""TO RUN: programs in processes of their own, and ready-made ones in the database."""

import os
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest

from sqlml.errors import ProgramError, StepError
from sqlml.quoting import literal
from sqlml.zoo import runnable
from sqlml.zoo.programs import Program, find_program, is_image


@pytest.fixture
def place(context: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The context, in a folder of its own, with a table `t` and an older table `made`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    context.connection.execute(
        "CREATE TABLE t AS SELECT i AS a, 'x' || i AS b FROM range(500) r(i)"
    )
    context.connection.execute("CREATE TABLE made AS SELECT 'old' AS old")
    return context


def script(name: str, text: str) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return name


def run(
    context: Any, program: str, *arguments: str, into: tuple[str, ...] = ("made",), sql="FROM t"
):
    return context.run("run", program=program, arguments=arguments, into=into, rows=sql)


def refusal(context: Any, program: str, *arguments: str, **given: Any) -> Any:
    """The diagnostic of a step that fails; the older table is as it was."""
    with pytest.raises(StepError) as caught:
        run(context, program, *arguments, **given)
    assert context.query("FROM made") == [("old",)]
    (only,) = caught.value.diagnostics
    return only


DOUBLE = """\
    import sys
    from sqlml import runnable
    rows = runnable.rows().read_all()
    (name,) = runnable.into()
    runnable.write(name, rows.append_column("c", [[float(sys.argv[1])] * len(rows)]))
    print("doubled", len(rows))
"""


def test_a_script_reads_the_rows_and_fills_a_table(place: Any) -> None:
    outcome = run(place, script("tools/double.py", DOUBLE), "2.5", sql="FROM t WHERE a >= 100")
    assert (outcome.summary, outcome.rows) == ("400 rows", 400)
    assert place.query("SELECT min(a), max(b), sum(c) FROM made") == [(100, "x499", 1000.0)]


def test_a_module_of_this_folder_runs_as_python_runs_it(place: Any) -> None:
    script("shop/__init__.py", "")
    script("shop/double.py", DOUBLE.replace("from sqlml import", "import sqlml.runnable as"))
    run(place, "shop.double", "1")
    assert place.query("SELECT count(*) FROM made") == [(500,)]


def test_an_executable_runs_with_its_words_as_they_are(place: Any, capfd: Any) -> None:
    outcome = run(place, "sh", "-c", 'echo "$0|$1"', "a b", "c;d", into=())
    assert outcome.summary == "a b|c;d"
    assert capfd.readouterr().err == "a b|c;d\n"


def test_what_a_program_is_told(place: Any) -> None:
    program = script("look.py", "import json, os; json.dump(dict(os.environ), open('env', 'w'))")
    with pytest.raises(StepError):
        run(place, program, into=("made", "shop.other"))
    told = eval(Path("env").read_text())
    file = told["SQLML_DATASOURCE"]
    assert Path(file).is_absolute()
    assert told["SQLML_SELECT"] == told["SQLFLOW_TO_RUN_SELECT"] == "SELECT * FROM sqlml.rows"
    assert told["SQLML_INTO"] == told["SQLFLOW_TO_RUN_INTO"] == "made,shop.other"
    assert (told["SQLFLOW_TO_RUN_IMAGE"], told["SQLFLOW_DATASOURCE"]) == ("look.py", file)


def test_the_rows_are_a_view_and_a_parquet_file_with_their_types_and_order(place: Any) -> None:
    sql = """SELECT a::TINYINT AS small, a / 7 AS part, b, DATE '2024-01-01' + a::INT AS day,
             [a, a] AS list, {'k': b} AS struct, a::DECIMAL(9, 2) AS money, NULL::INT AS nothing
             FROM t WHERE a < 100 ORDER BY b -- a comment"""
    program = script(
        "both.py",
        """\
        import os, duckdb
        place = duckdb.connect(os.environ["SQLML_DATASOURCE"])
        place.execute("CREATE TABLE made AS " + os.environ["SQLML_SELECT"])
        file = os.path.join(os.path.dirname(os.environ["SQLML_DATASOURCE"]), "rows.parquet")
        place.execute(f"CREATE TABLE other AS FROM '{file}'")
        """,
    )
    run(place, program, into=("made", "other"), sql=sql)
    assert place.query("FROM made") == place.query("FROM other") == place.query(sql)
    assert place.query("DESCRIBE made") == place.query(f"DESCRIBE {sql}")


def test_a_failing_program_is_told_with_its_last_words(place: Any) -> None:
    program = script("fail.py", "for i in range(99): print('line', i)\nraise SystemExit(3)")
    told = refusal(place, program)
    assert (told.code, told.message) == ("E0540", "`fail.py` ended with exit code 3")
    assert "\n    line 91\n" in told.hint
    assert "\n    line 98\n" in told.hint
    assert "line 90" not in told.hint


def test_a_program_that_is_killed_is_told_by_its_signal(place: Any) -> None:
    told = refusal(place, "sh", "-c", "kill -SEGV $$")
    assert told.message == "`sh` ended with signal 11 (SIGSEGV)"
    assert told.hint == "it wrote nothing"


def test_a_table_that_is_not_made_fails_the_step_and_changes_none(place: Any) -> None:
    one = "import sqlml; sqlml.runnable.write('first', {'a': [1]})"
    told = refusal(place, script("one.py", one), into=("first", "made"))
    assert (told.code, told.about) == ("E0541", "into made")
    assert told.message == "the program has ended without a table `made`"
    assert told.label == "it has made `main.first`"
    assert place.query("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'first'") == [(0,)]


def test_the_program_may_spell_a_table_in_another_case_and_in_a_schema(place: Any) -> None:
    program = """\
        from sqlml import runnable
        runnable.write("MADE", {"a": [1, 2]})
        runnable.write("shop.Kept", {"a": [3]})
        """
    place.connection.execute("CREATE SCHEMA shop")
    script("spell.py", program)
    exchanged = []
    place.create = lambda tables, files: (
        exchanged.append((tables, files)) or dict.fromkeys(tables, 1)
    )
    run(place, "spell.py", into=("made", 'shop."kept"'))
    ((tables, files),) = exchanged
    ((name, _),) = files.items()
    assert tables == {
        "made": f'FROM "{name}"."main"."MADE"',
        'shop."kept"': f'FROM "{name}"."shop"."Kept"',
    }


def test_a_file_that_is_still_open_or_no_database_cannot_be_taken(place: Any) -> None:
    broken = "import os; open(os.environ['SQLML_DATASOURCE'], 'wb').write(b'x' * 9000)"
    assert refusal(place, script("break.py", broken)).code == "E0542"


def test_what_a_program_leaves_running_is_not_waited_for(place: Any) -> None:
    began = time.monotonic()
    run(place, "sh", "-c", "sleep 30 & echo done", into=())
    assert time.monotonic() - began < 25


def test_output_is_passed_on_while_the_program_runs(place: Any, capfd: Any) -> None:
    program = (
        "import sys; print('out', flush=True); print('err', file=sys.stderr); print('ä' * 40000)"
    )
    outcome = run(place, script("say.py", program), into=())
    assert capfd.readouterr().err == "out\nerr\n" + "ä" * 40000 + "\n"
    assert len(outcome.summary) <= 8192


def test_write_takes_what_holds_columns(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    file = place.folder / "there.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("CREATE SCHEMA sqlml; CREATE VIEW sqlml.rows AS FROM range(200000) r(i)")
    monkeypatch.setenv("SQLML_DATASOURCE", str(file))
    monkeypatch.setenv("SQLML_SELECT", "SELECT * FROM sqlml.rows")
    columns = {"a": [1, 2], "b": ["x", None]}
    reader = runnable.rows()
    assert runnable.write("copy", reader) == 200_000
    for data in (columns, pandas.DataFrame(columns), polars.DataFrame(columns)):
        assert runnable.write("other", data) == 2
        assert runnable._database().sql("SELECT a FROM other").fetchall() == [(1,), (2,)]
    runnable._database().close()
    runnable._database.cache_clear()


def test_the_helper_says_so_where_no_statement_has_started_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SQLML_DATASOURCE", raising=False)
    runnable._database.cache_clear()
    with pytest.raises(ProgramError, match="this program is for TO RUN") as caught:
        runnable.rows()
    assert caught.value.diagnostics[0].code == "E0544"


@pytest.mark.parametrize(
    ("name", "code", "hint"),
    [
        ("nothing.py", "E0240", "the folder where sqlml runs"),
        ("tools/nothing", "E0240", "the folder where sqlml runs"),
        ("binnig", "E0240", "did you mean `binning`?"),
        ("no.such.module", "E0240", "tools/clean.py"),
        ("tools/nothing", "E0240", "`tools/nothing:latest`"),
        ("plain.txt", "E0242", "chmod +x plain.txt"),
        ("bare", "E0242", "name one of its modules"),
    ],
)
def test_what_cannot_be_started_is_told(place: Any, name: str, code: str, hint: str) -> None:
    script("plain.txt", "text")
    script("bare/__init__.py", "raise SystemError('nothing is imported to look for a program')")
    with pytest.raises(ProgramError) as caught:
        find_program(name)
    (told,) = caught.value.diagnostics
    assert told.code == code
    assert hint in told.hint


def test_images_have_a_tag_a_digest_or_a_registry(place: Any) -> None:
    script("a/file:v1", "")
    for name in ("a/b:v1", "tool:latest", "example.org/tool", "localhost/a@sha256:0af3"):
        assert is_image(name)
    for name in ("tools/clean", "clean", "space.deep.er", "a/b:v1.py", "a/file:v1"):
        assert not is_image(name)


def test_programs_are_scripts_modules_and_executables(place: Any) -> None:
    script("clean.py", "")
    script("space/deep/er.py", "")
    script("whole/__main__.py", "")
    script("bin/tool", "#!/bin/sh\n")
    Path("bin/tool").chmod(0o755)
    python = sys.executable
    assert find_program("clean.py") == Program((python, "clean.py"), is_python=True)
    assert find_program("clean") == Program((python, "-m", "clean"), is_python=True)
    assert find_program("space.deep.er") == Program((python, "-m", "space.deep.er"), is_python=True)
    assert find_program("whole") == Program((python, "-m", "whole"), is_python=True)
    assert find_program("json.tool") == Program((python, "-m", "json.tool"), is_python=True)
    assert find_program("bin/tool") == Program((str(Path("bin/tool").absolute()),), is_python=False)
    assert find_program("sh").command[0].endswith("/sh")


def test_a_file_that_the_system_does_not_start_is_told(place: Any) -> None:
    script("tool", "no interpreter is named")
    Path("tool").chmod(0o755)
    told = refusal(place, "tool")
    assert told.code == "E0543"
    assert "`tool` cannot be started" in told.message


def test_an_executable_does_not_get_the_module_path_of_this_interpreter(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_PYTHONPATH", "of the user")
    assert run(place, "sh", "-c", "echo $PYTHONPATH", into=()).summary == "of the user"
    program = script("path.py", "import os; print(os.environ['PYTHONPATH'])")
    assert run(place, program, into=()).summary == os.environ["PYTHONPATH"]


def test_a_ready_made_program_fills_tables_or_gives_rows(place: Any) -> None:
    given = {"program": "split", "arguments": ("--test=0.1",), "ready_made": True, "rows": "FROM t"}
    outcome = place.run("run", into=("train", "test"), **given)
    assert (outcome.summary, outcome.rows) == ("450 + 50 rows", 500)
    outcome = place.run("run", **given)
    assert outcome.summary == "500 rows"
    assert place.results[-1].column_names == ["a", "b", "part"]


def test_quotes_in_paths_are_quoted() -> None:
    assert literal("it's") == "'it''s'"

"""The prompt of `sqlml`, as a person at a terminal meets it."""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner

from sqlml.cli.interactive.prompt import History, is_submitted
from sqlml.cli.main import cli

IRIS = Path("examples/data/iris.csv").resolve()
NOT_GIVEN = {"NO_COLOR", "COLUMNS", "LINES"}
CTRL_D = "\x04"
FRESH = r"\x1b\[\?2004h.*?sqlml\*?>"  # a line typed is drawn again behind `sqlml>`, too


class Prompt:
    """A prompt in a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = pexpect.spawn(
            sys.executable,
            ["-m", "sqlml", "--db", "p.duckdb"],
            cwd=str(folder),
            env={
                **{key: value for key, value in os.environ.items() if key not in NOT_GIVEN},
                "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers where the cursor is
                "XDG_STATE_HOME": str(folder / "state"),
                "TERM": "xterm-256color",
                "PAGER": "cat",
                "EDITOR": f"{sys.executable} {folder / 'editor.py'}",
            },
            encoding="utf-8",
            timeout=120,
            dimensions=(30, 120),
        )
        self.shown = self.process.logfile_read = io.StringIO()
        self.ready()

    def ready(self) -> None:
        self.process.expect(FRESH)

    def say(self, text: str, *expected: str) -> None:
        """Type a line; what is expected must be shown before the next prompt."""
        self.process.send(f"{text}\r")
        began = self.shown.tell()
        for one in (*expected, FRESH):
            if self.process.expect([one, pexpect.TIMEOUT]):
                pytest.fail(f"no {one!r} after {text!r} in: {self.shown.getvalue()[began:]!r}")


@pytest.fixture(scope="module")
def prompt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prompt]:
    folder = tmp_path_factory.mktemp("prompt")
    (folder / "editor.py").write_text(
        "import sys, pathlib\npathlib.Path(sys.argv[1]).write_text('SELECT 90 + 9 AS edited;')"
    )
    (folder / "file.sql").write_text("SELECT 'from the' || ' file' AS said;")
    opened = Prompt(folder)
    yield opened
    opened.process.close(force=True)


def test_statements_run_when_a_semicolon_ends_them(prompt: Prompt) -> None:
    prompt.process.send("SELECT 40 +\r")
    prompt.process.expect_exact("..>")
    prompt.say("2 AS answer;", "answer", "42", "1 row")
    prompt.say(f"CREATE TABLE iris AS SELECT * FROM '{IRIS}';", "✓")
    prompt.say("SELECT count(*) AS n FROM iris;", "150")


def test_errors_have_carets_and_the_session_goes_on(prompt: Prompt) -> None:
    wrong = "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH max_dpeth = 3 LABEL species INTO m;"
    prompt.say(wrong, r"error\[E0203\]", r"\^\^\^", "did you mean `max_depth`", r"\\\? E0203")
    prompt.say("SELECT * FROM irsi;", r"error\[E03", "iris")
    prompt.say("\\? E0203", "## E0203")


def test_ctrl_c_stops_what_runs_or_clears_the_line(prompt: Prompt) -> None:
    prompt.process.send("SELECT count(*) AS many FROM range(100000000000), range(100000);\r")
    prompt.process.expect("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]")
    prompt.process.sendintr()
    prompt.process.expect("interrupted")
    prompt.ready()
    prompt.process.send("SELECT nonsense")
    prompt.process.expect("nonsense")
    prompt.process.sendintr()
    prompt.ready()
    prompt.say("SELECT 7 * 11 AS again;", "77")


def test_a_model_is_trained_completed_and_shown(prompt: Prompt) -> None:
    trains = "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH num_boost_round = 2"
    prompt.say(f"{trains} LABEL species INTO flowers;", "accuracy", r"✓ 1 step")
    prompt.process.send("SELECT * FROM iris TO EVALUATE flo")
    prompt.process.expect("version 1")  # the menu, with what each means
    prompt.say("\t LABEL species;", "accuracy")
    prompt.say("\\m", "flowers", "xgboost")
    prompt.say("\\m flowers", "species")
    prompt.say("\\m xgboost.gbtree", "max_depth")
    prompt.process.send(f"{trains}, max_de\t")
    prompt.process.expect("max_delta_step")
    prompt.process.sendintr()
    prompt.ready()


def test_commands(prompt: Prompt) -> None:
    prompt.say("\\d", "iris", "sqlml_models")
    prompt.say("\\d IRIS", "sepal_length", "DOUBLE")
    for typed, offered, shown in (
        ("\\d ir", "iris", "sepal_length"),
        ("\\i fi", r"file\.sql", "from the file"),
    ):
        prompt.process.send(typed)
        prompt.process.expect(offered)
        prompt.say("\t", shown)
    prompt.say("\\d irsi", "E0921", "did you mean `iris`")
    prompt.say("\\dd", "E0920", "did you mean")
    prompt.say("\\i file.sql", "from the file")
    prompt.say("\\i nowhere.sql", "E0708")
    prompt.say("\\timing", "timing is on")
    prompt.say("SELECT 1 AS one;", "took")
    prompt.say("\\timing", "timing is off")
    prompt.say("\\?", "Tab completes")
    prompt.process.send("\\e\r")  # the editor's text stands at the prompt, to be looked at
    prompt.say("", "edited", "99")


def test_what_a_statement_sets_up_lasts(prompt: Prompt) -> None:
    prompt.say("CREATE TEMP TABLE kept AS SELECT * FROM iris LIMIT 99;", "✓")
    prompt.say("SET VARIABLE v = 6;", "✓.{0,9} SET VARIABLE")
    prompt.say("SELECT count(*) + getvariable('v') AS n FROM kept;", "105")
    prompt.say("SELECT * FROM kept TO EVALUATE flowers LABEL species;", "accuracy")
    prompt.say("SELECT count(*) + getvariable('v') AS n FROM kept;", "105")


def test_a_transaction_lasts_and_is_seen(prompt: Prompt) -> None:
    prompt.process.send("BEGIN;\r")
    prompt.process.expect(r"2004h.*sqlml\*>")
    prompt.say("DELETE FROM iris WHERE species = 'setosa';", "✓.{0,9} DELETE FROM · 50 rows")
    prompt.say("SELECT * FROM iris TO EVALUATE flowers LABEL species;", "E0880", "COMMIT first")
    prompt.say("SELECT * FROM irsi;", r"error\[E03", "iris")
    prompt.say("SELECT count(*) + 1000 AS n FROM iris;", "1100")
    prompt.process.send("ROLLBACK;\r")
    prompt.process.expect(r"2004h.*sqlml>")
    prompt.say("SELECT count(*) + 1000 AS n FROM iris;", "1150")
    program = "BEGIN; DROP TABLE kept; SELECT * FROM iris TO EVALUATE flowers LABEL species;"
    prompt.say(program, "accuracy")  # what a program leaves open ends with it
    prompt.say("SELECT count(*) + 1000 AS n FROM kept;", "1099")


def test_long_results_go_through_the_pager_in_full(prompt: Prompt) -> None:
    prompt.say("SELECT i + 1000 AS i FROM range(200) AS r(i);", "1000", "1199", "200 rows")


def test_the_end(prompt: Prompt) -> None:
    prompt.say("BEGIN; CREATE TABLE gone (a INT);", "✓.{0,9} CREATE TABLE")
    prompt.say("\\q", "a transaction is open: COMMIT it")
    prompt.process.send("\\q;\r")
    prompt.process.expect(pexpect.EOF)
    prompt.process.close()
    assert prompt.process.exitstatus == 0
    assert "Traceback" not in (prompt.process.before or "")
    history = prompt.folder / "state" / "sqlml" / "history"
    assert "AS answer" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0
    again = Prompt(prompt.folder)
    again.process.send(CTRL_D)
    again.process.expect(pexpect.EOF)
    again.process.close()
    assert again.process.exitstatus == 0


def test_the_editor_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from sqlml.cli.interactive.commands import obey
    from sqlml.errors import ProgramError

    class Nothing:
        last = "SELECT 1"

    monkeypatch.setenv("EDITOR", str(tmp_path / "nowhere"))
    monkeypatch.delenv("VISUAL", raising=False)
    with pytest.raises(ProgramError) as caught:
        obey(Nothing(), "\\e")  # type: ignore[arg-type]
    assert caught.value.diagnostics[0].code == "E0922"


def test_passwords_are_not_kept(tmp_path: Path) -> None:
    history = History(tmp_path / "history", "duckdb")
    history.store_string("CREATE SECRET s (TYPE s3, SECRET 'hush');")
    kept = (tmp_path / "history").read_text()
    assert "CREATE SECRET s" in kept
    assert "hush" not in kept


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("SELECT 1;", True),
        ("SELECT ';'", False),
        ("SELECT 1; -- ;", True),
        ("SELECT 1 -- ;", False),
        ("\\d", True),
        ("quit", True),
        ("CREATE JOB j SCHEDULE '1' AS BEGIN SELECT 1;", False),
        ("CREATE JOB j SCHEDULE '1' AS BEGIN SELECT 1; END;", True),
    ],
)
def test_enter_submits_whole_statements_only(text: str, is_whole: bool) -> None:
    assert is_submitted(text, "duckdb") is is_whole


def test_without_a_terminal_help_is_printed() -> None:
    shown = CliRunner().invoke(cli, [])
    assert shown.exit_code == 2
    assert "Commands:" in shown.output
    assert shown.output.splitlines()[0].startswith("Usage: ")


def test_db_may_stand_before_the_command(tmp_path: Path) -> None:
    database = tmp_path / "d.duckdb"
    shown = CliRunner().invoke(cli, ["--db", str(database), "run", "-q", "-c", "SELECT 5 AS five"])
    assert shown.exit_code == 0
    assert database.exists()

"""Programs as plain scripts, run by themselves, against what sqlml does with the same."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from sqlml.cli.engine_jobs import files_of, for_engine
from sqlml.codegen.engine import Options, render
from sqlml.session import connect
from sqlml.source import Source
from tests.codegen.scripts import same_tables

ROOT = Path(__file__).parents[2]
EXAMPLES = ("iris", "drift")  # others in tests/test_examples.py
PROGRAMS = ("models", "measures", "features", "segments", "drift", "types", "series", "searches")
LINT = ["check", "--isolated", "--no-cache", "--line-length=100", "--select=F,W,I,UP,C4,SIM,RET"]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """What sqlml leaves, what the script leaves, and what the script prints."""
    folder = tmp_path_factory.mktemp("script")
    texts = [(ROOT / f"examples/sql/{name}.sql").read_text() for name in EXAMPLES]
    texts += [(ROOT / f"tests/codegen/plain/{name}.sql").read_text() for name in PROGRAMS]
    program = "\n".join(texts).replace("examples/data", f"{ROOT}/examples/data")
    program = re.sub(r"(num_boost_round|n_estimators) = \d{2,}", r"\1 = 10", program)
    with connect(folder / "here.duckdb") as session:
        workflow = session.compile([Source("flow.sql", program)]).workflow
        session.run(program, name="flow.sql")
    ((name, text),) = render(workflow, "python", Options()).items()
    assert "import sqlml" not in text
    (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, name, "there.duckdb"], cwd=folder, capture_output=True, text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"}, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "here.duckdb", folder / "there.duckdb", done.stdout


def test_examples_leave_the_same_tables(databases: tuple[Path, Path, str]) -> None:
    ours, theirs, _printed = databases
    assert same_tables(ours, theirs) > 20


def test_a_job_uses_the_model_that_another_job_has_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a script, started by cron; the model lies in a file beside the database."""
    monkeypatch.chdir(ROOT)
    program = Path("examples/sql/nightly.sql").read_text()
    with connect(tmp_path / "here.duckdb") as session:
        compiled = session.compile([Source("nightly.sql", program)])
        files = files_of(for_engine(session, compiled, "python"), "python", Options())
        first, job, asked = re.split(r"CREATE OR REPLACE JOB|SHOW JOBS", program)[:3]
        trained = job[job.index("BEGIN") + 5 : job.index("END;")]
        session.run(f"{first} {trained} {asked[asked.index('SELECT') :]}")
    assert [*files] == ["nightly.py", "retrain.py", "measure.py"]
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "argv", ["measure.py", str(tmp_path / "there.duckdb")])
    with pytest.raises(SystemExit, match=r"there is no model leaving in .*run the script that"):
        runpy.run_path(str(tmp_path / "measure.py"))
    for name in files:
        runpy.run_path(str(tmp_path / name))
    assert same_tables(tmp_path / "here.duckdb", tmp_path / "there.duckdb") == 3


def test_measures_are_printed(databases: tuple[Path, Path, str]) -> None:
    printed = databases[2]
    assert re.search(r"^accuracy: 0\.9\d+$", printed, re.MULTILINE)
    assert re.search(r"^average_precision: 0\.\d+$", printed, re.MULTILINE)


def test_the_script_is_clean(databases: tuple[Path, Path, str]) -> None:
    script = databases[0].parent / "flow.py"
    found = subprocess.run(
        [sys.executable, "-m", "ruff", *LINT, script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stdout

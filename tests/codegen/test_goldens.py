"""What every engine is given for the examples of workflows: `make goldens` writes it anew."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from sqlml.cli.render import render
from sqlml.codegen import ENGINES
from sqlml.codegen.lint import lint
from sqlml.errors import SqlmlError
from sqlml.source import Source

ROOT = Path(__file__).parents[2]
EXAMPLES = Path("examples/workflows")
RENDERED = EXAMPLES / "rendered"
FILES = [path.name for path in sorted((ROOT / EXAMPLES).glob("*.*")) if path.is_file()]
OTHERS = {"airflow-pods": ["--engine", "airflow", "--set", "pods=default"]}
TARGETS: Mapping[str, list[str]] = {name: ["--engine", name] for name in ENGINES} | OTHERS
REFUSED = ".txt"


def written(file: str, target: str, folder: Path) -> tuple[str, str]:
    """What is written for a target, or why nothing is; the suffix of its file before it."""
    place = [] if target == "python" else ["--store", "s3://bucket/flow"]
    words = [str(EXAMPLES / file), *TARGETS[target], *place, "--db", str(folder / "x.duckdb")]
    try:
        CliRunner().invoke(render, [*words, "--to", str(folder / "to")], catch_exceptions=False)
    except SqlmlError as error:
        return REFUSED, f"{error}\n"
    (path,) = (folder / "to").iterdir()
    return path.suffix, path.read_text("utf-8")


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("file", FILES)
def test_what_is_written_is_as_it_was(
    file: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    suffix, text = written(file, target, tmp_path)
    golden = RENDERED / Path(file).stem / f"{target}{suffix}"
    if os.environ.get("SQLML_GOLDENS") == "write":
        for old in golden.parent.glob(f"{target}.*"):
            old.unlink()
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, "utf-8")
    assert [path.name for path in golden.parent.glob(f"{target}.*")] == [golden.name]
    assert text == golden.read_text("utf-8"), "`make goldens`, where this is meant"
    assert suffix != REFUSED or target == "python"
    if target in ("argo", "tekton"):
        assert lint([Source(golden.name, text)]) == []
    if suffix == ".py":
        compile(text, golden.name, "exec")


def test_every_target_is_known() -> None:
    assert TARGETS.keys() >= {"airflow", "airflow-pods", "argo", "kfp", "python", "tekton"}
    assert {path.name for path in (ROOT / RENDERED).iterdir() if path.is_dir()} == {
        Path(file).stem for file in FILES
    }

"""`sqlml cache`, as people use it."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from sqlml.cli.main import outcome
from sqlml.store.artifacts import Kept
from sqlml.store.store import Store


@dataclass
class Ruled:
    admitted: bool = True
    victims: tuple[str, ...] = ()
    floor: float = 0.0


@pytest.fixture
def db(tmp_path: Path) -> str:
    """A database beside which a run has kept what two steps have made."""
    path = tmp_path / "d.duckdb"
    duckdb.connect(str(path)).close()
    store = Store.open(Path(f"{path}.sqlml"))
    reader = store.artifacts.reader()
    store.results.mkdir()
    for step, score in (("predict", 0.001), ("explain", 0.002)):
        file = store.results / f"{step}.arrow"
        file.write_bytes(b"x" * 1_500_000)
        files, size = store.artifacts.checksums([file])
        known = {"files": files, "size": size, "seconds": 2.5, "added": 1, "used": 2, "uses": 3}
        key = f"{step}-key-long-enough"
        kept = Kept(key=key, workflow="w.sql", step=step, run="7f3a", score=score, **known)
        store.artifacts.keep(kept, reader, lambda *_: Ruled())
    reader.close()
    store.close()
    return str(path)


def run(*arguments: str) -> int:
    return outcome(["cache", *arguments])


def test_what_is_kept_is_shown_with_what_it_has_saved(
    db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", "--db", db, "--output", "json") == 0
    said = capsys.readouterr()
    first, second = json.loads(said.out)
    assert (first["step"], second["step"]) == ("explain", "predict")
    assert first["artifact"] == "explain-key-"
    assert (first["hits"], first["seconds_saved"], first["size"]) == (2, 5.0, 1_500_000)
    assert first["pinned"] is False
    assert "3.0 MB of 10,000.0 MB, policy expected" in said.err


def test_what_is_pinned_is_not_cleared_until_it_is_named(
    db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("pin", "predict", "--db", db) == 0
    assert run("clear", "--db", db) == 0
    assert "removed 1 artifact, 1.5 MB" in capsys.readouterr().out
    assert run("unpin", "predict-key", "--db", db) == 0
    assert run("clear", "--db", db) == 0
    assert run("show", "--db", db, "--output", "json") == 0
    assert capsys.readouterr().out.endswith("[\n]\n")


def test_verify_says_what_is_damaged_and_removes_it(
    db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("verify", "--db", db) == 0
    assert "2 of 2 artifacts as they were kept" in capsys.readouterr().out
    Path(f"{db}.sqlml/results/predict.arrow").write_bytes(b"y" * 1_500_000)
    assert run("verify", "--db", db) == 1
    said = capsys.readouterr()
    assert "predict of run 7f3a" in said.err
    assert "1 of 2 artifacts" in said.out
    assert run("verify", "--db", db) == 0


def test_a_name_that_nothing_has_is_answered_with_the_nearest(
    db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("pin", "predit", "--db", db) == 2
    said = capsys.readouterr().err
    assert "E0841" in said
    assert "did you mean `predict`?" in said

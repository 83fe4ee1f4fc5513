"""`sqlml export`: models that leave the store, by every way to name them."""

import json
import shutil
from pathlib import Path

import pytest

from sqlml.cli.main import main
from sqlml.session import connect

ROWS = "SELECT i AS id, i::DOUBLE AS a, i * 2.0 + 1 AS y FROM range(20) AS r(i)"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    with connect(folder / "sqlml.duckdb", threads=1) as session:
        session.run(
            f"CREATE TABLE t AS {ROWS};"
            "SELECT a, y FROM t TO TRAIN sklearn.linear_model.LinearRegression LABEL y INTO m;"
            "ALTER MODEL m SET ALIAS champion"
        )
    return folder


@pytest.fixture
def project(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(trained, folder)
    monkeypatch.chdir(folder)
    return folder


def sqlml(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("name", ["m", "M@1", "m@champion"])
def test_a_model_is_exported_by_any_of_its_names(
    project: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert sqlml("export", name, "--format", "sql", "--from", "main.t") == 0
    written = project / "m-1.sql"
    assert capsys.readouterr().out == "m-1.sql\n"
    with connect(project / "sqlml.duckdb") as session:
        rows = session.database.table(f"{written.read_text()} ORDER BY id").to_pylist()
    assert set(rows[0]) == {"id", "a", "y"}  # the label gives way to the prediction
    assert [row["y"] for row in rows] == pytest.approx([i * 2.0 + 1 for i in range(20)])


def test_what_is_there_is_not_replaced_without_force(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sqlml("export", "m", "--to", "files") == 0
    assert (project / "files" / "model.skops").is_file()
    assert sqlml("export", "m", "--to", "files") == 2
    assert "E0583" in capsys.readouterr().err
    assert sqlml("export", "m", "--to", "files", "--force") == 0


@pytest.mark.parametrize("name", ["n", "m@7", "m@champoin"])
def test_an_unknown_model_is_an_error(
    project: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert sqlml("export", name) == 2
    told = capsys.readouterr().err
    assert f"there is no model `{name}`" in told
    assert "champoin" not in name or "did you mean `m@champion`?" in told


def runs(project: Path) -> int:
    with connect(project / "sqlml.duckdb") as session:
        return len(session.store.runs.names())


def test_looking_at_models_is_no_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = runs(project)
    for arguments in (["models"], ["show", "m@champion"], ["compare", "m", "m@1", "--all"]):
        assert sqlml(*arguments) == 0
        assert "LinearRegression" in capsys.readouterr().out
    assert runs(project) == before


def test_a_model_with_any_name_is_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(project / "sqlml.duckdb") as session:
        session.run("""ALTER MODEL m RENAME TO "it's my ""model"" @ home" """)
    assert sqlml("show", """it's my "model" @ home""") == 0
    assert "LinearRegression" in capsys.readouterr().out
    assert sqlml("show", """it's my "model" @ home@champion""") == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["models"], 0),
        (["plan", "-c", "SELECT 1"], 0),
        (["explain", "-c", "SELECT 1"], 0),
        (["render", "-c", "SELECT 1"], 0),
        (["show", "m"], 2),
        (["export", "m"], 2),
    ],
)
def test_what_changes_nothing_makes_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sqlml(*arguments) == code
    assert list(tmp_path.iterdir()) == []


def test_a_booster_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np
    import xgboost

    monkeypatch.chdir(tmp_path)
    data = xgboost.DMatrix(np.arange(8.0).reshape(4, 2), [0, 1, 1, 0])
    xgboost.train({"objective": "binary:logistic"}, data, 2).save_model("m.json")
    assert sqlml("import", "m.json", "--as", "m") == 2
    assert "`--features` gives their names in order: a,b" in capsys.readouterr().err
    given = ["--features", "a, b", "--label", "y", "--classes", "no,yes"]
    assert sqlml("import", "m.json", "--as", "m", *given) == 0
    assert capsys.readouterr().out == "m@1\n"
    assert sqlml("show", "m") == 0
    assert "no, yes" in capsys.readouterr().out


def test_two_versions_are_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(project / "sqlml.duckdb", threads=1) as session:
        session.run("SELECT a, y FROM t TO TRAIN Ridge WITH model.alpha = 100000.0 LABEL y INTO m")
    assert sqlml("compare", "m@1", "m@2", "--on", "SELECT * FROM t", "--output", "jsonl") == 0
    differing, measured = capsys.readouterr().out.strip().split("\n\n")
    rows = {row["property"]: row for row in map(json.loads, differing.splitlines())}
    assert rows["estimator"]["m@2"] == "sklearn.linear_model.Ridge"
    assert rows["alpha"] == {
        "section": "parameter", "property": "alpha", "m@1": None, "m@2": "100000.0", "differs": "≠",
    }  # fmt: skip
    assert "label" not in {row["section"] for row in rows.values()}
    first, second = map(json.loads, measured.splitlines())
    assert (first["model"], second["model"]) == ("m@1", "m@2")
    assert first["r2"] == pytest.approx(1)
    assert second["r2"] < 0.1

"""`sqlml export`: models that leave the store, by every way to name them."""

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

"""`sqlml zoo`: models that are published, listed and got, and what is refused."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from sqlml.cli.main import outcome
from sqlml.session import connect

PREDICT = "SELECT a FROM range(9) AS r(a) TO PREDICT USING tree"
CODE = "class Mean:\n    def fit(self, X, y): ...\n    def predict(self, X): ...\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("trained") / "a.duckdb"
    with connect(path, threads=1) as session:
        session.run(
            "SELECT i AS a, i * i + 0.5 AS y FROM range(40) AS r(i)"
            " TO TRAIN sklearn.tree.DecisionTreeRegressor LABEL y INTO tree;"
            "ALTER MODEL tree SET ALIAS champion"
        )
    return str(path)


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["shared/zoo", "memory://zoo"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param
    memory = fsspec.filesystem("memory")
    if memory.exists("/zoo"):
        memory.rm("/zoo", recursive=True)


@pytest.fixture
def code() -> Path:
    path = Path("mean.py")
    path.write_text(CODE)
    return path


Told = Callable[[], str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: capsys.readouterr().err


def listed(url: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert outcome(["zoo", "list", url, "--output", "json"]) == 0
    found: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return found


def change(path: str, text: str) -> None:
    with fsspec.open(path, "w") as file:
        file.write(text)


def test_a_model_predicts_the_same_in_another_database(trained: str, url: str) -> None:
    for reference in ("tree@champion", "TREE@1", "tree"):
        assert outcome(["zoo", "publish", reference, "--to", url, "--db", trained]) == 0
    for reference in ("tree", "Tree@1"):
        assert outcome(["zoo", "get", reference, "--from", url, "--db", "b.duckdb"]) == 0
    with connect(trained) as here, connect("b.duckdb") as there:
        expected = here.run(PREDICT).to_arrow()
        assert len(set(expected["y"].to_pylist())) == 9
        assert there.run(PREDICT).to_arrow().equals(expected)
        assert [one["version"] for one in there.store.models.versions("tree")] == [1, 2]


def test_a_trained_model_goes_into_no_folder(trained: str, url: str, told: Told) -> None:
    assert outcome(["zoo", "publish", "tree", "--to", url, "--db", trained]) == 0
    assert outcome(["zoo", "get", "tree", "--from", url, "--to", "new", "--db", "b.duckdb"]) == 2
    text = told()
    assert "error[E0660]" in text
    assert "sqlml export tree --to new" in text
    assert not Path("b.duckdb").exists()


def test_publishing_twice_makes_version_2(
    code: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(["zoo", "publish", "mean.py", "--to", url, "--description", "naïve"]) == 0
    code.write_text(CODE + "# better\n")
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    rows = listed(url, capsys)
    assert [(row["name"], row["version"], row["kind"]) for row in rows] == [
        ("mean", 1, "code"),
        ("mean", 2, "code"),
    ]
    assert rows[0]["description"] == "naïve"
    assert rows[0]["bytes"] == len(CODE)
    assert outcome(["zoo", "get", "mean@1", "--from", url]) == 0
    assert Path("zoo/mean.py").read_text() == CODE
    assert outcome(["zoo", "get", "mean", "--from", url, "--to", "new"]) == 0
    assert Path("new/mean.py").read_text() == CODE + "# better\n"


def test_a_package_is_published_without_hidden_and_compiled_files(url: str) -> None:
    for path in ("__init__.py", "data/table.csv", ".env", "__pycache__/x.pyc", ".git/config"):
        file = Path("layers", path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    assert outcome(["zoo", "publish", "layers", "--to", url, "--name", "Our layers"]) == 0
    assert outcome(["zoo", "get", "our layers", "--from", url]) == 0
    got = sorted(p.relative_to("zoo").as_posix() for p in Path("zoo").rglob("*") if p.is_file())
    assert got == ["layers/__init__.py", "layers/data/table.csv"]


@pytest.mark.usefixtures("code")
def test_a_file_that_differs_is_replaced_with_force_only(url: str, told: Told) -> None:
    get = ["zoo", "get", "mean", "--from", url]
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    assert outcome(get) == outcome(get) == 0  # the same contents are no conflict
    Path("zoo/mean.py").write_text("mine")
    assert outcome(get) == 2
    assert "E0645" in told()
    assert Path("zoo/mean.py").read_text() == "mine"
    assert outcome([*get, "--force"]) == 0
    assert Path("zoo/mean.py").read_text() == CODE
    Path("zoo/mean.py").unlink()
    Path("zoo/mean.py/x").mkdir(parents=True)
    assert outcome([*get, "--force"]) == 2
    assert "E0645" in told()


@pytest.mark.usefixtures("code")
def test_a_damaged_file_is_refused(trained: str, url: str, told: Told) -> None:
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    assert outcome(["zoo", "publish", "tree", "--to", url, "--db", trained]) == 0
    change(f"{url}/mean/1/mean.py", CODE.replace("fit", "hit"))
    change(f"{url}/tree/1/manifest.json", "{}")
    for name in ("mean", "tree"):
        assert outcome(["zoo", "get", name, "--from", url, "--db", "b.duckdb"]) == 1
        assert "E0643" in told()
    assert list(Path("zoo").iterdir()) == []
    with connect("b.duckdb") as session:
        assert session.store.models.names() == ()
    files, place = fsspec.url_to_fs(f"{url}/mean/1/mean.py")
    files.rm(place)
    assert outcome(["zoo", "get", "mean", "--from", url]) == 1
    assert "`mean.py` is missing" in told()


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize(
    "path", ["../mean.py", "/tmp/mean.py", "a/../../b.py", "..\\b.py", "C:b.py", "", ".", "a//b.py"]
)
def test_a_path_that_leaves_the_folder_is_refused(url: str, path: str, told: Told) -> None:
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    with fsspec.open(f"{url}/mean/1/index.json") as file:
        index = json.load(file)
    index["files"] = {path: next(iter(index["files"].values()))}
    change(f"{url}/mean/1/index.json", json.dumps(index))
    assert outcome(["zoo", "get", "mean", "--from", url]) == 2
    assert "E0644" in told()
    assert not Path("zoo").exists()


@pytest.mark.usefixtures("code")
@pytest.mark.parametrize(
    "wrong",
    [{"name": "other"}, {"version": 7}, {"kind": "image"}, {"format": 2}, {"files": [1]},
     {"name": None}, {"published": "soon"}],
)  # fmt: skip
def test_a_wrong_index_is_refused(url: str, wrong: dict[str, object], told: Told) -> None:
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    with fsspec.open(f"{url}/mean/1/index.json") as file:
        index = json.load(file)
    for text in (json.dumps(index | wrong), "[]", "{", "\x00"):
        change(f"{url}/mean/1/index.json", text)
        assert outcome(["zoo", "list", url]) == 2
        assert "E0644" in told()


@pytest.mark.usefixtures("code")
def test_a_version_without_an_index_is_none(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    files, place = fsspec.url_to_fs(f"{url}/mean/1/index.json")
    files.rm(place)
    assert listed(url, capsys) == []
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    assert [row["version"] for row in listed(url, capsys)] == [2]


@pytest.mark.usefixtures("code")
def test_a_misspelt_name_is_answered_with_the_nearest(url: str, told: Told) -> None:
    assert outcome(["zoo", "publish", "mean.py", "--to", url]) == 0
    for wrong, hint in (("meen", "did you mean `mean`?"), ("mean@7", "did you mean `mean@1`?")):
        assert outcome(["zoo", "get", wrong, "--from", url]) == 2
        shown = told()
        assert "E0642" in shown
        assert hint in shown


@pytest.mark.usefixtures("code")
def test_what_cannot_be_reached_or_published_is_an_error(trained: str, told: Told) -> None:
    Path("file").write_text("x")
    for arguments, code in (
        (["list", "bogus://x"], "E0641"),
        (["list", "nowhere"], "E0641"),
        (["get", "mean", "--from", "memory://nowhere"], "E0641"),
        (["publish", "mean.py", "--to", "file"], "E0641"),
        (["publish", "file", "--to", "z"], "E0640"),
        (["publish", "treee", "--to", "z", "--db", trained], "E0640"),
    ):
        assert outcome(["zoo", *arguments]) == 2
        shown = told()
        assert code in shown
        assert "treee" not in arguments or "did you mean `tree`?" in shown

"""Model versions: whole or not there, found by any spelling, checked before use."""

import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.errors import SqlmlError
from sqlml.store.models import Version
from sqlml.store.naming import folded, folder_name
from sqlml.store.runs import Link
from sqlml.store.schema import MIGRATIONS
from sqlml.store.store import Store
from tests.forks import Forks

Publish = Callable[..., Version]


def code(act: Callable[[], object]) -> str:
    with pytest.raises(SqlmlError) as raised:
        act()
    return raised.value.diagnostics[0].code


def test_a_published_model_is_found_with_its_files_and_its_manifest(
    store: Store, publish: Publish
) -> None:
    version = publish("iris_model", metrics={"accuracy": 0.9})
    assert version.reference == "iris_model@1"
    assert (version.folder / "model.ubj").read_text() == "trees"
    assert (version.folder / "parts" / "words.txt").read_text() == "a b"
    digest = hashlib.sha256(b"trees").hexdigest()
    assert version.manifest["files"]["model.ubj"] == digest
    assert set(version.manifest["files"]) == {"model.ubj", "parts/words.txt"}
    assert version.manifest["run"] == "7f3a"
    assert version.manifest["created"].endswith("+00:00")
    assert version.manifest["metrics"] == {"accuracy": 0.9}
    assert json.loads((version.folder / "manifest.json").read_text()) == version.manifest
    assert store.models.find("iris_model") == version
    store.models.verify(version)


def test_the_newest_version_is_found_unless_one_is_named(store: Store, publish: Publish) -> None:
    for content in ("one", "two", "three"):
        publish("m", content)
    found = store.models.find("m")
    assert found is not None
    assert found.number == 3
    second = store.models.find("m", 2)
    assert second is not None
    assert (second.folder / "model.ubj").read_text() == "two"
    assert store.models.find("m", 4) is None
    assert store.models.find("n") is None
    assert [one["version"] for one in store.models.versions("m")] == [1, 2, 3]
    assert store.models.versions("n") == ()


def test_names_are_compared_without_case_and_keep_their_first_spelling(
    store: Store, publish: Publish
) -> None:
    publish("Iris_Model")
    assert publish("IRIS_model").reference == "Iris_Model@2"
    assert store.models.names() == ("Iris_Model",)
    assert len(store.models.versions("iris_MODEL")) == 2


@pytest.mark.parametrize(
    "name",
    [
        "db.model",
        "модель",
        "MODÈLE",
        "a/b",
        "..",
        ".",
        "con ",
        "x" * 300,
        "模型" * 60,
        'q"uote',
        "%2e",
    ],
)
def test_any_name_can_be_stored(store: Store, publish: Publish, name: str) -> None:
    publish(name)
    publish("other")
    found = store.models.find(name.upper().lower())
    assert found is not None
    assert found.name == name
    assert found.folder.resolve().is_relative_to((store.folder / "models").resolve())
    store.models.verify(found)
    assert name in store.models.names()


@given(st.text(min_size=1), st.text(min_size=1))
def test_folder_names_differ_when_names_do(one: str, other: str) -> None:
    assert (folder_name(one) == folder_name(other)) == (folded(one) == folded(other))
    assert len(folder_name(one)) < 250
    assert folder_name(one).isascii()
    assert "/" not in folder_name(one)
    assert folder_name(one).strip(".")


def test_numbers_are_not_used_again(store: Store, publish: Publish) -> None:
    publish("m")
    publish("m")
    assert store.models.drop("M") == 2
    assert store.models.names() == ()
    assert publish("M").reference == "M@3"


def test_one_version_can_be_dropped(store: Store, publish: Publish) -> None:
    versions = [publish("m") for _ in range(3)]
    assert store.models.drop("m", 2) == 1
    assert store.models.drop("m", 2) == 0
    assert [one["version"] for one in store.models.versions("m")] == [1, 3]
    assert [version.folder.exists() for version in versions] == [True, False, True]


@pytest.mark.parametrize("file", ["model.ubj", "parts/words.txt", "manifest.json"])
def test_a_changed_file_is_an_error_that_names_it(
    store: Store, publish: Publish, file: str
) -> None:
    version = publish("m")
    content = bytearray((version.folder / file).read_bytes())
    content[0] ^= 1
    (version.folder / file).write_bytes(content)
    with pytest.raises(SqlmlError, match=file) as raised:
        store.models.verify(version)
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.code, diagnostic.about) == ("E0503", "using")
    assert "`m@" not in diagnostic.hint  # there is no other version
    assert publish("m").number == 2
    with pytest.raises(SqlmlError) as raised:
        store.models.verify(version)
    assert "`m@2`" in raised.value.diagnostics[0].hint


def test_a_missing_file_is_an_error(store: Store, publish: Publish) -> None:
    version = publish("m")
    (version.folder / "model.ubj").unlink()
    assert code(lambda: store.models.verify(version)) == "E0504"


def test_a_publication_that_fails_leaves_nothing(
    store: Store, publish: Publish, tmp_path: Path
) -> None:
    publish("m")
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "model.ubj").write_text("x")
    with pytest.raises(TypeError):
        store.models.publish("m", folder, {"bad": object()}, "7f3a")
    assert len(store.models.versions("m")) == 1
    assert not any((store.folder / "staging").iterdir())
    assert publish("m").number == 2


def test_threads_that_publish_at_once_get_different_numbers(store: Store, tmp_path: Path) -> None:
    def work(number: int) -> None:
        for turn in range(5):
            folder = tmp_path / f"{number}-{turn}"
            folder.mkdir()
            (folder / "f").write_text(str(number))
            store.models.publish("m", folder, {"format": 1}, "")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one["version"] for one in store.models.versions("m")] == list(range(1, 21))


PUBLISH = """
import sys
from pathlib import Path
from sqlml.store.store import Store

def work(path, scratch, turns):
    store = Store.open(path)
    print(0, flush=True)
    for turn in range(int(turns)):
        folder = Path(scratch, f"m{turn}")
        folder.mkdir(parents=True)
        for part in range(3):
            (folder / f"part{part}").write_text(f"{part}" * 50_000)
        version = store.models.publish("m", folder, {"format": 1}, "")
        if turn % 5 == 4:
            store.models.drop("m", version.number)
        else:
            print(version.number, flush=True)
    store.close()
"""


def publisher(store: Path, scratch: Path, turns: int) -> "subprocess.Popen[str]":
    code = f"{PUBLISH}\nwork(*sys.argv[1:])"
    command = [sys.executable, "-c", code, str(store), str(scratch), str(turns)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_that_publish_at_once_get_different_numbers(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlml"
    processes = [publisher(path, tmp_path / name, 20) for name in ("a", "b")]
    told: list[int] = []
    for process in processes:
        out, _ = process.communicate()
        assert process.returncode == 0
        told += map(int, out.split()[1:])
    assert len(told) == len(set(told)) == 32
    store = Store.open(path)
    assert [one["version"] for one in store.models.versions("m")] == sorted(told)
    store.close()


@pytest.mark.slow
def test_a_kill_leaves_whole_versions_only(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlml"
    chance = random.Random(3)
    told: set[int] = set()
    with Forks(PUBLISH) as forks:
        for turn in range(25):
            seconds = chance.uniform(0.0, 0.06 if told else 0.4)  # a busy machine takes longer
            told |= {*forks.killed(path, tmp_path / str(turn), 100_000, seconds=seconds)} - {0}
            store = Store.open(path)
            versions = [one["version"] for one in store.models.versions("m")]
            assert told <= set(versions), "what was told to be there is there"
            for number in versions:
                version = store.models.find("m", number)
                assert version is not None
                store.models.verify(version)
            assert not any(path.glob("staging/*")), "what the killed one left is gone"
            store.close()
    assert told
    assert len(told) == len(set(told))
    assert told
    folders = {int(folder.name) for folder in (path / "models" / "m").iterdir()}
    assert set(versions) <= folders
    assert len(folders - set(versions)) <= 1, "at most the next number's folder waits to be used"


def test_what_a_running_process_prepares_is_left_alone(store: Store, tmp_path: Path) -> None:
    staging = store.folder / "staging"
    staging.mkdir(exist_ok=True)
    here = os.uname().nodename
    running = staging / f"{os.getpid()}-ab-{here}"
    elsewhere = staging / "1-ab-another-machine"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = staging / f"{ended.pid}-ab-{here}"
    old = staging / "1-cd-another-machine"
    for folder in (running, elsewhere, left, old):
        folder.mkdir()
    os.utime(old, (0, 0))
    Store.open(store.folder).close()
    assert {folder.name for folder in staging.iterdir()} == {running.name, elsewhere.name}


def test_an_alias_stands_for_a_version_until_it_moves(store: Store, publish: Publish) -> None:
    for content in ("one", "two"):
        publish("m", content)
    store.models.set_alias("M", "Champion", 1)
    store.models.set_alias("m", "best", 1)
    found = store.models.find("m", "CHAMPION")
    assert found is not None
    assert (found.reference, found.manifest["aliases"]) == ("m@1", ["best", "champion"])
    store.models.set_alias("m", "champion", 2)
    assert store.models.aliases("m") == {"best": 1, "champion": 2}
    assert [one.get("aliases") for one in store.models.versions("m")] == [["best"], ["champion"]]
    assert store.models.drop_alias("m", "best")
    assert not store.models.drop_alias("m", "best")
    assert store.models.find("m", "best") is None
    assert store.models.find("n", "champion") is None


def test_tags_belong_to_a_version(store: Store, publish: Publish) -> None:
    publish("m")
    publish("m")
    store.models.set_tag("m", 1, "Stage", "testing")
    store.models.set_tag("m", 1, "stage", "it's on")
    store.models.set_tag("m", 1, "owner", "")
    first, second = store.models.versions("m")
    assert first["tags"] == {"owner": "", "stage": "it's on"}
    assert "tags" not in second
    assert store.models.drop_tag("m", 1, "STAGE")
    assert not store.models.drop_tag("m", 2, "stage")
    assert store.models.versions("m")[0]["tags"] == {"owner": ""}


def test_aliases_and_tags_go_with_the_model(store: Store, publish: Publish) -> None:
    publish("m")
    store.models.set_alias("m", "champion", 1)
    store.models.set_tag("m", 1, "stage", "production")
    assert store.models.drop("m") == 1
    assert store.models.aliases("m") == {}
    assert publish("m").reference == "m@2"
    (again,) = store.models.versions("m")
    assert not again.keys() & {"aliases", "tags"}


def test_a_renamed_model_keeps_its_versions_files_aliases_and_tags(
    store: Store, publish: Publish
) -> None:
    publish("m", "one")
    publish("m", "two")
    store.models.set_alias("m", "champion", 1)
    store.models.set_tag("m", 2, "stage", "testing")
    assert store.models.rename("m", "New")
    assert store.models.names() == ("New",)
    assert store.models.find("m") is None
    found = store.models.find("new", "champion")
    assert found is not None
    assert (found.reference, found.manifest["name"]) == ("New@1", "New")
    assert (found.folder / "model.ubj").read_text() == "one"
    store.models.verify(found)
    assert store.models.versions("new")[1]["tags"] == {"stage": "testing"}
    # the old name begins behind its old numbers, so that no file is overwritten
    assert publish("m", "other").reference == "m@3"
    assert publish("new", "three").reference == "New@3"
    for name, number, content in (("new", 2, "two"), ("new", 3, "three"), ("m", 3, "other")):
        version = store.models.find(name, number)
        assert version is not None
        assert (version.folder / "model.ubj").read_text() == content
    assert store.models.drop("new") == 3
    assert not found.folder.exists()
    assert store.models.find("m", 3) is not None


def test_a_name_that_is_or_was_another_models_is_not_taken(store: Store, publish: Publish) -> None:
    publish("m")
    publish("n")
    assert not store.models.rename("m", "N")
    store.models.drop("n")
    assert not store.models.rename("m", "n")
    assert store.models.rename("m", "M")
    assert store.models.names() == ("M",)


def test_lineage_and_metrics_follow_a_renamed_model(store: Store, publish: Publish) -> None:
    run = store.runs.start("w")
    publish("m")
    store.runs.record_metrics(run, "train", {"accuracy": 1.0}, model="m@1")
    read, written = Link("table", "t", "abc"), Link("model", "m@1")
    store.runs.record_lineage(run, "train", [read], [written])
    assert store.models.sources("M", 1) == (("table", "t", "abc"),)
    store.models.rename("m", "other name")
    assert store.models.sources("other name", 1) == (("table", "t", "abc"),)
    assert store.tables()["sqlml_metrics"]().column("model").to_pylist() == ["other name"]
    assert "other name@1" in store.tables()["sqlml_lineage"]().column("name").to_pylist()


def test_models_of_an_older_store_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "old.sqlml"
    with sqlite3.connect(folder.with_suffix(".sqlite")) as old:
        for statement in MIGRATIONS[0].split(";\n"):
            old.execute(statement)
        name = folded("Größe")
        old.execute("INSERT INTO model_names VALUES (?, 'Größe', 1)", [name])
        manifest = json.dumps({"name": "Größe", "version": 1, "files": {}})
        old.execute(
            "INSERT INTO model_versions VALUES (?, 1, '2026', '7f3a', 0, ?)", [name, manifest]
        )
        old.execute("PRAGMA user_version = 1")
    folder.mkdir()
    folder.with_suffix(".sqlite").rename(folder / "store.sqlite")
    opened = Store.open(folder)
    found = opened.models.find("GRÖßE")
    assert found is not None
    assert found.folder == folder / "models" / folder_name("Größe") / "1"
    opened.close()

"""Model versions: whole or not there, found by any spelling, checked before use."""

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.errors import SqlmlError
from sqlml.store.models import Version
from sqlml.store.naming import folded, folder_name
from sqlml.store.store import Store

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


@pytest.mark.parametrize("file", ["model.ubj", "parts/words.txt"])
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

store = Store.open(sys.argv[1])
scratch = Path(sys.argv[2])
print("ready", flush=True)
for turn in range(int(sys.argv[3])):
    folder = scratch / f"m{turn}"
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
    command = [sys.executable, "-c", PUBLISH, str(store), str(scratch), str(turns)]
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
    told: list[int] = []
    for turn in range(25):
        with publisher(path, tmp_path / str(turn), 100_000) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0.0, 0.06))
            process.kill()
            told += map(int, process.stdout.read().split())
        store = Store.open(path)
        versions = [one["version"] for one in store.models.versions("m")]
        assert set(told) <= set(versions), "what was told to be there is there"
        for number in versions:
            version = store.models.find("m", number)
            assert version is not None
            store.models.verify(version)
        assert not any(path.glob("staging/*")), "what the killed one left is gone"
        store.close()
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

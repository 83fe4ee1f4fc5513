"""What is kept of what steps have made: bounded, shared by processes, checked on use."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sqlml.errors import ProgramError
from sqlml.store.artifacts import Damaged, Kept
from sqlml.store.readers import Reader, is_there
from sqlml.store.store import Store


@dataclass(frozen=True)
class Ruled:
    admitted: bool = True
    victims: Sequence[str] = ()
    floor: float = 0.0


Keep = Callable[..., bool]


@pytest.fixture
def keep(store: Store) -> Keep:
    """Keep a file with some text; `reader` is one that ends at once."""

    def keep(key: str, text: str = "text", victims: Sequence[str] = (), **about: object) -> bool:
        path = store.results / f"{key}-{about.get('run', 'r1')}.arrow"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        files, size = store.artifacts.checksums([path])
        given = {"workflow": "w", "step": key, "run": "r1", "seconds": 1.0, "added": 1, "used": 1}
        newcomer = Kept(key=key, files=files, size=size, **given | about)  # type: ignore[arg-type]
        reader = store.artifacts.reader()
        try:
            store.reuse.remember(key, {"outputs": {}}, "r1")
            return store.artifacts.keep(newcomer, reader, lambda *_: Ruled(victims=victims))
        finally:
            reader.close()

    return keep


@pytest.fixture
def reader(store: Store) -> Iterator[Reader]:
    made = store.artifacts.reader()
    yield made
    made.close()


def test_what_is_kept_is_found_and_its_uses_are_counted(
    store: Store, keep: Keep, reader: Reader
) -> None:
    keep("a")
    found = store.artifacts.use("a", reader)
    assert found is not None
    assert store.artifacts.use("b", reader) is None
    (kept,) = store.artifacts.all()
    assert kept.uses == 2
    assert kept.used > kept.added


def test_a_victim_is_gone_with_its_files_and_nothing_leads_to_it(store: Store, keep: Keep) -> None:
    keep("a")
    keep("b", victims=["a"])
    assert [one.key for one in store.artifacts.all()] == ["b"]
    assert [path.name for path in store.results.iterdir()] == ["b-r1.arrow"]
    assert store.reuse.recall("a") is None
    assert store.reuse.recall("b") is not None


def test_what_someone_is_using_is_shown_as_pinned_until_they_end(
    store: Store, keep: Keep, reader: Reader
) -> None:
    keep("a")
    other = store.artifacts.reader()
    store.artifacts.use("a", other)
    shown: list[bool] = []

    def decide(_newcomer: Kept, kept: Sequence[Kept]) -> Ruled:
        shown.append(kept[0].pinned)
        return Ruled(admitted=False)

    newcomer = Kept(key="b", workflow="w", step="b", run="r1", files={}, size=1, seconds=1, added=1,
                    used=1)  # fmt: skip
    store.artifacts.keep(newcomer, reader, decide)
    assert store.artifacts.remove(["a"]) == ()
    other.close()
    store.artifacts.keep(newcomer, reader, decide)
    assert shown == [True, False]
    assert [one.key for one in store.artifacts.remove(["a"])] == ["a"]


def test_what_only_the_same_run_uses_may_go_and_its_files_stay_until_the_run_ends(
    store: Store, keep: Keep, reader: Reader
) -> None:
    keep("a")
    store.artifacts.use("a", reader)
    newcomer = Kept(key="b", workflow="w", step="b", run="r1", files={}, size=1, seconds=1, added=1,
                    used=1)  # fmt: skip
    assert store.artifacts.keep(newcomer, reader, lambda *_: Ruled(victims=["a"]))
    assert [one.key for one in store.artifacts.all()] == ["b"]
    assert (store.results / "a-r1.arrow").exists()
    reader.close()
    assert not (store.results / "a-r1.arrow").exists()


def test_what_others_use_is_not_replaced_by_what_is_the_same(
    store: Store, keep: Keep, reader: Reader
) -> None:
    keep("a")
    store.artifacts.use("a", reader)
    assert not keep("a", run="r2")
    assert [one.run for one in store.artifacts.all()] == ["r1"]
    reader.close()
    assert keep("a", run="r3")
    assert not (store.results / "a-r1.arrow").exists()


def test_a_reader_ends_with_its_process(store: Store) -> None:
    program = (
        "import sys, pathlib\n"
        "from sqlml.store.readers import Reader\n"
        "reader = Reader(pathlib.Path(sys.argv[1]))\n"
        "print(reader.name, flush=True)\n"
        "sys.stdin.read()\n"
    )
    folder = store.folder / "readers"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert is_there(folder, name)
        process.kill()
        process.wait()
    assert not is_there(folder, name)
    assert not (folder / name).exists()


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_what_is_damaged_is_said_and_kept_no_longer(
    store: Store, keep: Keep, reader: Reader, harm: str
) -> None:
    keep("a")
    path = store.results / "a-r1.arrow"
    path.write_text("tex7") if harm == "changed" else path.unlink()
    with pytest.raises(Damaged, match="checksum" if harm == "changed" else "missing"):
        store.artifacts.use("a", reader)
    assert store.artifacts.use("a", reader) is None
    assert store.reuse.recall("a") is None


def test_what_is_made_again_takes_the_place_of_what_was_kept(store: Store, keep: Keep) -> None:
    keep("a", "first")
    keep("a", "second", run="r2")
    (kept,) = store.artifacts.all()
    assert kept.run == "r2"
    assert [path.name for path in store.results.iterdir()] == ["a-r2.arrow"]


def test_only_files_of_the_store_are_kept_and_folders_with_all_that_is_in_them(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    folder = store.files / "r1" / "step" / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b").write_text("12345")
    (folder / "a").write_text("123")
    files, size = store.artifacts.checksums([tmp_path / "mine", folder])
    assert sorted(files) == ["files/r1/step/out/a", "files/r1/step/out/deep/b"]
    assert size == 8


def test_things_are_found_by_step_and_by_how_their_keys_begin(store: Store, keep: Keep) -> None:
    keep("abcdef", step="predict")
    keep("abcxyz", step="predict")
    keep("zzzzzz", step="explain")
    names = {name: {one.key for one in store.artifacts.find(name)} for name in ("predict", "abcd")}
    assert names == {"predict": {"abcdef", "abcxyz"}, "abcd": {"abcdef"}}
    with pytest.raises(ProgramError, match="E0841") as caught:
        store.artifacts.find("predit")
    assert "predict" in caught.value.diagnostics[0].hint


_WORKER = """
import random, sys
from dataclasses import dataclass
from pathlib import Path
from sqlml.store.artifacts import Kept
from sqlml.store.store import Store

@dataclass
class Ruled:
    admitted: bool
    victims: list
    floor: float = 0.0

def decide(newcomer, kept):
    victims, room = [], 400 - sum(one.size for one in kept)
    for one in sorted(kept, key=lambda one: one.used):
        if room < newcomer.size and not one.pinned:
            room += one.size
            victims.append(one.key)
    return Ruled(room >= newcomer.size, victims if room >= newcomer.size else [])

name, folder = sys.argv[2], Path(sys.argv[1])
chance, store = random.Random(name), Store.open(folder)
store.results.mkdir(exist_ok=True)
hits = 0
for turn in range(60):
    reader = store.artifacts.reader()
    key = f"key{chance.randrange(12)}"
    kept = store.artifacts.use(key, reader)  # raises where a file is gone or wrong
    if kept is None:
        path = store.results / f"{name}-{turn}"
        path.write_bytes(key.encode() * chance.randint(5, 30))
        files, size = store.artifacts.checksums([path])
        new = Kept(key=key, workflow="w", step=key, run=name, files=files, size=size, seconds=1,
                   added=turn, used=turn)
        if not store.artifacts.keep(new, reader, decide):
            path.unlink()
    else:
        hits += 1
        for file in kept.files:
            assert set((folder / file).read_bytes().decode().split(key)) == {""}
    reader.close()
print(hits)
store.close()
"""


def test_processes_that_share_a_store_find_whole_files_and_stay_within_the_bound(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "shared.sqlml"
    Store.open(folder).close()
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(folder), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "other")
    ]
    told = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], told
    assert all(int(out) > 0 for out, _ in told)

    store = Store.open(folder)
    kept = store.artifacts.all()
    assert 0 < sum(one.size for one in kept) <= 400
    assert not any(store.artifacts.fault(one) for one in kept)
    there = {path.name for path in store.results.iterdir()}
    assert there == {Path(file).name for one in kept for file in one.files}
    store.close()

"""What the store remembers for reuse."""

import os
from pathlib import Path

from sqlml.store.ledger import Ledger
from sqlml.store.reuse import Memory, ReuseMemory
from sqlml.store.store import Store


def test_what_is_remembered_is_recalled(store: Store) -> None:
    assert store.reuse.recall("k") is None
    outputs = {"outputs": {"model": "m@1"}, "tables": {"t": None}, "metrics": {"auc": 0.5}}
    store.reuse.remember("k", outputs, "7f3a")
    assert store.reuse.recall("k") == Memory(outputs, "7f3a")
    store.reuse.remember("k", {}, "8000")
    assert store.reuse.recall("k") == Memory({}, "8000")


def test_the_keys_used_longest_ago_are_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "store.sqlite")
    reuse = ReuseMemory(ledger, tmp_path, most=10)
    for number in range(20):
        reuse.remember(str(number), {}, "r")
    assert reuse.recall("0") is not None
    reuse.tidy()
    kept = [number for number in range(20) if reuse.recall(str(number)) is not None]
    assert kept == [0, *range(11, 20)]
    ledger.close()


def test_old_result_sets_that_no_key_leads_to_are_removed(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.results.mkdir()
    for name in ("kept.arrow", "old.arrow", "new.arrow"):
        (store.results / name).write_text("")
    for name in ("kept.arrow", "old.arrow"):
        os.utime(store.results / name, (0, 0))
    store.reuse.remember("k", {"outputs": {"result": "kept.arrow"}}, "r")
    store.close()
    assert {path.name for path in store.results.iterdir()} == {"kept.arrow", "new.arrow"}

"""A store, and models to put into it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sqlml.store.models import Version
from sqlml.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "d.duckdb.sqlml")
    yield opened
    opened.close()


@pytest.fixture
def publish(store: Store, tmp_path: Path) -> Callable[..., Version]:
    """Publish a model of two files, one in a folder of its own."""

    def made(name: str, content: str = "trees", **manifest: object) -> Version:
        folder = tmp_path / "made"
        (folder / "parts").mkdir(parents=True)
        (folder / "model.ubj").write_text(content)
        (folder / "parts" / "words.txt").write_text("a b")
        return store.models.publish(name, folder, {"format": 1, **manifest}, "7f3a")

    return made

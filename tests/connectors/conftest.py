"""A database with a trained model, for the doors of other programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import sqlml

collect_ignore = ["suite"]  # is run by itself

IRIS = Path("examples/data/iris.csv").resolve()
TRAIN = (
    "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH max_depth = 2, train.num_boost_round = 5"
    " LABEL species INTO m"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the table `iris` and the model `m`. Tests commit nothing else to it."""
    path = tmp_path_factory.mktemp("connectors") / "iris.duckdb"
    with sqlml.connect(path) as connection:
        connection.execute(f"CREATE TABLE iris AS SELECT * FROM '{IRIS}'")
        connection.commit()
        connection.execute(TRAIN)
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlml.Connection]:
    with sqlml.connect(path) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def cursor(connection: sqlml.Connection) -> sqlml.Cursor:
    return connection.cursor()

"""The SQLAlchemy dialect `sqlml+postgresql`: over a server, what `sqlml` is over a file."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from sqlml.connectors import sqlalchemy as ours
from sqlml.connectors.sqlalchemy.server import writes
from tests.connectors.conftest import TRAIN
from tests.connectors.serving import serving

registry.register("sqlml.postgresql", "sqlml.connectors.sqlalchemy", "ServerDialect")
METADATA = sa.MetaData()
SHOPS = sa.Table(
    "shops",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True, comment="as on the door"),
    sa.Column("open", sa.Time),
    sa.Column("kind", sa.Enum("big", "100% small", name="kinds")),
    sa.Column("facts", sa.JSON),
    sa.Column("rent", sa.Numeric(9, 2), index=True),
    sa.Column("since", sa.DateTime),
    sa.Column("huge", ours.HUGEINT),
)
SALES = sa.Table(
    "sales", METADATA, sa.Column("shop", sa.ForeignKey("shops.id")), sa.Column("sum", sa.Double)
)
NONE = {("shops", "foreign_keys"), ("sales", "unique_constraints")}
ROW = {
    "id": 1, "name": "Ann's 50% shop", "open": dt.time(9, 30), "kind": "100% small",
    "facts": {"doors": [1, None], "x": "y"}, "rent": Decimal("12.50"),
    "since": dt.datetime(2020, 1, 2, 3, 4, 5, 678), "huge": 2**100,
}  # fmt: skip


@pytest.fixture(scope="module")
def port(path: Path) -> Iterator[int]:
    with serving(path) as port:
        yield port


@pytest.fixture
def engine(port: int) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlml+postgresql://ann@127.0.0.1:{port}/iris")
    yield engine
    engine.dispose()


def test_tables_and_their_rows_come_back_as_they_went(engine: sa.Engine, path: Path) -> None:
    METADATA.create_all(engine)
    beside = sa.create_engine(f"sqlml:///{path}")
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(SHOPS), [ROW])
            made = connection.execute(
                sa.insert(SHOPS).returning(SHOPS.c.id, SHOPS.c.open), {"name": "two", "id": 2}
            )
            assert made.all() == [(2, None)]
        with engine.connect() as connection:
            found = connection.execute(sa.select(SHOPS).where(SHOPS.c.name.like("%50%%"))).one()
            assert found._asdict() == ROW
        for name in ("shops", "sales"):
            theirs, own = sa.inspect(beside), sa.inspect(engine)
            for what in ("columns", "pk_constraint", "foreign_keys", "unique_constraints"):
                told = [getattr(each, f"get_{what}")(name) for each in (own, theirs)]
                assert repr(told[0]) == repr(told[1])
                assert told[0] or (name, what) in NONE
        reflected = sa.Table("shops", sa.MetaData(), autoload_with=engine)
        assert isinstance(reflected.c.huge.type, ours.HUGEINT)
        assert reflected.c.name.comment == "as on the door"
        assert {index["column_names"][0] for index in own.get_indexes("shops")} == {"rent"}
    finally:
        beside.dispose()
        METADATA.drop_all(engine)


def test_models_are_trained_and_used(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.text(TRAIN.replace("INTO m", "INTO over_wire")))
        query = "SELECT PREDICT('over_wire', iris) AS p, count(*) AS n FROM iris GROUP BY ALL"
        wrapped = sa.text(f"SELECT * FROM ({query}) AS virtual_table WHERE n > :n LIMIT 100")
        assert {row.p for row in connection.execute(wrapped, {"n": 1})} == {
            "setosa", "versicolor", "virginica",
        }  # fmt: skip
    predicted = pd.read_sql("SELECT * FROM iris TO PREDICT USING over_wire", engine)
    assert (predicted["species"] == predicted.iloc[:, -1]).mean() > 0.9
    with engine.begin() as connection:
        connection.execute(sa.text("DROP MODEL over_wire"))


def test_pandas_writes_and_reads(engine: sa.Engine) -> None:
    written = pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", "50%"]})
    written.to_sql("of_pandas", engine, index=False)
    pd.testing.assert_frame_equal(pd.read_sql_table("of_pandas", engine), written)
    found = pd.read_sql("SELECT c FROM of_pandas WHERE c LIKE %(c)s", engine, params={"c": "5%"})
    assert found["c"].tolist() == ["50%"]
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE of_pandas"))


def test_a_transaction_begins_with_the_first_change(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.execute(sa.text("FROM iris LIMIT 1"))
        assert not connection.connection.dbapi_connection.info.transaction_status  # type: ignore[union-attr]
        connection.execute(sa.text("CREATE TABLE changed (a INT)"))
        with pytest.raises(sa.exc.DBAPIError, match="a transaction is open"):
            connection.execute(sa.text(TRAIN))
        connection.rollback()
        assert not sa.inspect(connection).has_table("changed")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        assert connection.get_isolation_level() == "AUTOCOMMIT"
        connection.execute(sa.text("CREATE TABLE changed (a INT)"))
        connection.rollback()
        assert sa.inspect(connection).has_table("changed")
        connection.execute(sa.text("DROP TABLE changed"))
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "SNAPSHOT"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("-- a remark\ninsert into t values (%(a)s)", True),
        ("WITH x AS (SELECT 1) DELETE FROM t", True),
        ("SELECT 1; DROP TABLE t", True),
        ("DROP MODEL m", False),
        ("SELECT * FROM t WHERE a = %(a)s TO TRAIN xgboost.gbtree LABEL b INTO m", False),
        ("SELECT * FROM t TO PREDICT p USING m", False),
        ("SELECT 'INSERT'", False),
        ("SELECT 'open", False),
        ("", False),
    ],
)
def test_what_changes_something_is_told_from_the_text(statement: str, expected: bool) -> None:
    assert writes(statement) == expected

"""The SQLAlchemy dialect: tables as they are, pandas, and statements about models."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import registry

from sqlml.connectors import sqlalchemy as ours
from sqlml.connectors.sqlalchemy.types import read

registry.register("sqlml", "sqlml.connectors.sqlalchemy", "SqlmlDialect")

SUITE = Path(__file__).parent / "suite"


@pytest.fixture(scope="module")
def engine(path: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlml:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def memory() -> Iterator[sa.Engine]:
    engine = sa.create_engine("sqlml://")
    yield engine
    engine.dispose()


@pytest.mark.slow
def test_sqlalchemys_own_tests_pass(tmp_path: Path) -> None:
    """What DuckDB cannot do is declared, with its cause, in `suite/requirements.py`."""
    command = [sys.executable, "-m", "pytest", "--dburi", f"sqlml:///{tmp_path}/suite.duckdb"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    run = subprocess.run(
        command,
        cwd=SUITE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (ours.HUGEINT(), "HUGEINT", 2**100),
        (ours.UTINYINT(), "UTINYINT", 255),
        (ours.BIT(), "BIT", "101"),
        (sa.Uuid(), "UUID", UUID(int=2**127 + 5)),
        (sa.JSON(), "JSON", {"a": [1, None, "x"]}),
        (sa.Enum("a", "it's, b"), "ENUM('a', 'it''s, b')", "it's, b"),
        (sa.ARRAY(sa.Integer, dimensions=2), "INTEGER[][]", [[1], [2, 3]]),
        (ours.STRUCT({"a b": sa.Integer, "c": sa.ARRAY(sa.Text)}), None, {"a b": 1, "c": ["x"]}),
        (ours.MAP(sa.String, sa.Float), "MAP(VARCHAR, DOUBLE)", {"k": 1.5}),
        (sa.Interval(), "INTERVAL", timedelta(days=2, seconds=3)),
        (sa.Numeric(9, 2), "DECIMAL(9,2)", Decimal("1.25")),
        (sa.Float(), "DOUBLE", 0.1),
        (sa.LargeBinary(), "BLOB", b"\x00\xff"),
        (sa.Boolean(), "BOOLEAN", True),
    ],
    ids=str,
)  # fmt: skip
def test_a_type_is_written_read_back_and_holds_its_values(
    memory: sa.Engine, kind: Any, name: str | None, value: Any
) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("a", kind))
    with memory.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"a": value}, {"a": None}])
        assert connection.execute(sa.select(table.c.a)).scalars().all() == [value, None]
        (typed,) = connection.exec_driver_sql("SELECT DISTINCT typeof(a) FROM t").scalars()
        assert name in (None, typed)
        again = sa.Table("t", sa.MetaData(), autoload_with=connection)
        assert again.c.a.type._type_affinity is table.c.a.type._type_affinity
        written = memory.dialect.type_compiler_instance.process(read(typed))
        assert connection.exec_driver_sql(f"SELECT typeof(NULL::{written})").scalar() == typed


def test_what_is_in_a_database_is_told_as_it_is(memory: sa.Engine) -> None:
    with memory.connect() as connection:
        connection.exec_driver_sql(
            'CREATE SCHEMA s; CREATE TABLE s.p (a INT, "b c" TEXT, PRIMARY KEY (a, "b c"));'
            'CREATE TABLE s.c (id INT PRIMARY KEY, a INT NOT NULL DEFAULT 7, "b c" TEXT UNIQUE,'
            " n DECIMAL(9, 2) CHECK (n > 1), g INT GENERATED ALWAYS AS (a + 1),"
            ' FOREIGN KEY (a, "b c") REFERENCES s.p (a, "b c"));'
            'CREATE UNIQUE INDEX i ON s.c ("b c", n); CREATE INDEX e ON s.c (lower("b c"), id);'
            "COMMENT ON TABLE s.c IS 'it''s'; COMMENT ON COLUMN s.c.n IS 'euro';"
            "CREATE VIEW s.v AS SELECT id AS x FROM s.c; CREATE TEMP TABLE tmp (a INT);"
            "CREATE SEQUENCE s.q; ATTACH ':memory:' AS other"
        )
        connection.commit()
        connection.exec_driver_sql("CREATE TABLE other.main.far (a INT)")
        see = sa.inspect(connection)
        assert see.get_schema_names() == ["main", "other.main", "s"]
        assert see.get_table_names("s") == ["c", "p"]
        assert see.get_table_names() == []
        assert see.get_view_names("s") == ["v"]
        assert see.get_temp_table_names() == ["tmp"]
        assert see.get_sequence_names("s") == ["q"]
        assert see.get_table_names("other.main") == ["far"]
        assert [column["name"] for column in see.get_columns("far", "other.main")] == ["a"]
        assert see.has_table("v", "s")
        assert not see.has_table("c")
        assert see.get_pk_constraint("p", "s")["constrained_columns"] == ["a", "b c"]
        columns = {column["name"]: column for column in see.get_columns("c", "s")}
        assert list(columns) == ["id", "a", "b c", "n", "g"]
        assert [column["nullable"] for column in columns.values()] == [
            False,
            False,
            True,
            True,
            True,
        ]
        assert columns["a"]["default"] == "7"
        assert columns["n"]["comment"] == "euro"
        assert (columns["n"]["type"].precision, columns["n"]["type"].scale) == (9, 2)
        assert columns["g"]["computed"] == {"sqltext": "a + 1"}
        (key,) = see.get_foreign_keys("c", "s")
        assert key["constrained_columns"] == key["referred_columns"] == ["a", "b c"]
        assert (key["referred_schema"], key["referred_table"]) == ("s", "p")
        assert [one["column_names"] for one in see.get_unique_constraints("c", "s")] == [["b c"]]
        assert [one["sqltext"] for one in see.get_check_constraints("c", "s")] == ["n > 1"]
        first, second = sorted(see.get_indexes("c", "s"), key=lambda index: index["name"])
        assert first["column_names"] == [None, "id"]
        assert first["expressions"] == ['lower("b c")', "id"]
        assert (second["column_names"], second["unique"]) == (["b c", "n"], True)
        assert see.get_table_comment("c", "s") == {"text": "it's"}
        assert see.get_view_definition("v", "s").startswith("CREATE VIEW s.v AS")
        with pytest.raises(sa.exc.NoSuchTableError):
            see.get_columns("nix", "s")


def test_a_key_counts_by_itself_and_leaves_nothing_behind(memory: sa.Engine) -> None:
    meta = sa.MetaData()
    table = sa.Table(
        "Counted", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Text)
    )
    started = sa.Table(
        "started", meta, sa.Column("id", sa.Integer, sa.Identity(start=100, increment=5)),
        sa.Column("x", sa.Text, primary_key=True),
    )  # fmt: skip
    meta.create_all(memory)
    with memory.begin() as connection:
        assert connection.execute(table.insert().values(x="a")).inserted_primary_key == (1,)
        many = table.insert().returning(table.c.id, sort_by_parameter_order=True)
        assert connection.execute(many, [{"x": "b"}, {"x": "c"}]).scalars().all() == [2, 3]
        connection.execute(started.insert(), [{"x": "a"}, {"x": "b"}])
        assert connection.execute(sa.select(started.c.id)).scalars().all() == [100, 105]
    meta.drop_all(memory)
    meta.create_all(memory)
    with memory.begin() as connection:
        assert connection.execute(table.insert().values(x="a")).inserted_primary_key == (1,)
    meta.drop_all(memory)
    assert sa.inspect(memory).get_sequence_names() == []


def test_a_row_that_is_there_is_changed_instead(memory: sa.Engine) -> None:
    meta = sa.MetaData()
    table = sa.Table(
        "t", meta, sa.Column("k", sa.Text, primary_key=True), sa.Column("n", sa.Integer)
    )
    meta.create_all(memory)
    insert = ours.insert(table)
    changed = insert.on_conflict_do_update(index_elements=["k"], set_={"n": insert.excluded.n})
    with memory.begin() as connection:
        connection.execute(changed, {"k": "a", "n": 1})
        connection.execute(changed, {"k": "a", "n": 2})
        connection.execute(insert.on_conflict_do_nothing(), {"k": "a", "n": 3})
        assert connection.execute(sa.select(table)).all() == [("a", 2)]


def test_pandas_writes_and_reads_tables(memory: sa.Engine) -> None:
    frame = pd.DataFrame({
        "n": range(5000),
        "s": ["x", None, "it's", "", "y"] * 1000,
        "t": pd.date_range("2024-01-01", periods=5000, freq="h"),
        "f": [0.5, None, 1.5, 2.5, -1.0] * 1000,
        "b": [True, False, True, True, False] * 1000,
    })  # fmt: skip
    frame.to_sql("frames", memory, index=False)
    frame.to_sql("frames", memory, index=False, if_exists="append", chunksize=2000)
    read_back = pd.read_sql("SELECT * FROM frames ORDER BY n", memory)
    doubled = pd.concat([frame, frame]).sort_values("n", ignore_index=True)
    pd.testing.assert_frame_equal(read_back, doubled, check_dtype=False)
    some = pd.read_sql(sa.text("SELECT s FROM frames WHERE n > :n"), memory, params={"n": 4997})
    assert len(some) == 4
    assert list(pd.read_sql_table("frames", memory).columns) == list(frame.columns)
    frame.head(3).to_sql("frames", memory, index=False, if_exists="replace")
    assert len(pd.read_sql_table("frames", memory)) == 3


def test_columns_may_be_called_by_any_word(memory: sa.Engine) -> None:
    with memory.connect() as connection:
        listed = "SELECT DISTINCT keyword_name FROM duckdb_keywords()"
        words = list(connection.exec_driver_sql(listed).scalars())
        assert len(words) > 400
        pd.DataFrame({word: [1] for word in words}).to_sql("words", connection, index=False)
        assert list(pd.read_sql_table("words", connection).columns) == words


def test_models_are_trained_and_applied_through_an_engine(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM iris")).scalar() == 150
        connection.execute(
            sa.text(
                "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH objective = multi:softprob"
                " LABEL species INTO n"
            )
        )
        connection.commit()
        query = sa.text("SELECT * FROM iris WHERE sepal_length > :x TO PREDICT USING n")
        rows = connection.execute(query, {"x": 7.0}).mappings().all()
        assert {row["species"] for row in rows} == {"virginica"}
        nested = sa.text("SELECT PREDICT('n', i) AS p FROM iris AS i WHERE sepal_length < :x")
        wrapped = sa.select(sa.func.count(sa.distinct(sa.column("p")))).select_from(
            nested.columns(sa.column("p")).subquery("virtual_table")
        )
        assert connection.execute(wrapped, {"x": 4.5}).scalar() == 1
        assert connection.execute(sa.text("SHOW MODELS")).rowcount == -1
        connection.exec_driver_sql("DROP MODEL n")
    frame = pd.read_sql("SELECT * FROM iris TO PREDICT USING m", engine)
    assert frame.shape == (150, 5)


def test_an_error_keeps_its_place_and_hint(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.ProgrammingError) as caught:
        connection.execute(sa.text("SELECT speciez FROM iris"))
    assert "did you mean `species`?" in str(caught.value)


def test_a_transaction_is_open_or_not_as_the_isolation_level_says(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE undone (a INT)")
        with pytest.raises(sa.exc.ProgrammingError, match="E0880"):
            connection.exec_driver_sql("SELECT * FROM iris TO PREDICT USING m")
        connection.rollback()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("CREATE TABLE undone (a INT)")
        assert len(connection.exec_driver_sql("SELECT * FROM iris TO PREDICT USING m").all()) == 150
        connection.exec_driver_sql("DROP TABLE undone")


def test_an_address_with_a_host_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="three slashes"):
        sa.create_engine("sqlml://shop.duckdb").connect()

"""What the catalog says of queries is what the database says of them."""

from collections.abc import Iterator

import pytest

from sqlml.databases.database import QueryProblem, Rehearsal
from sqlml.planner.live_catalog import LiveCatalog
from sqlml.session import Session

MANY = " UNION ALL ".join(
    f"(SELECT {i} AS a, x FROM t WHERE x <> 'a UNION ALL b')" for i in range(120)
)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session.open(db=":memory:") as opened:
        opened.run("CREATE TABLE t (x VARCHAR, y DOUBLE, a INTEGER)")
        yield opened


@pytest.fixture
def rehearsal(session: Session) -> Iterator[Rehearsal]:
    with session.database.rehearse() as begun:
        yield begun


@pytest.mark.parametrize(
    "query",
    [
        MANY,
        f"{MANY} UNION ALL SELECT y, x FROM t",
        f"{MANY} UNION ALL SELECT a AS b, x AS y FROM t ORDER BY a LIMIT 2",
        f"{MANY} UNION ALL SELECT NULL, NULL",
        f"{MANY} UNION ALL BY NAME SELECT 1.5 AS c",
        f"{MANY} EXCEPT SELECT 1, 'x'",
        f"WITH t AS (SELECT 1 AS x) {MANY}",
        f"SELECT x, y FROM ({MANY}) AS u (y, x)",
    ],
)
def test_a_union_of_many_has_the_columns_that_the_database_tells(
    session: Session, rehearsal: Rehearsal, query: str
) -> None:
    catalog = LiveCatalog(rehearsal, session.store, "duckdb")
    assert catalog.describe(query) == rehearsal.describe(query)


@pytest.mark.parametrize("last", ["SELECT 1", "SELECT a, z FROM t", "SELECT a, x FROM nothing"])
def test_what_is_wrong_in_a_union_of_many_is_told_at_its_place(
    session: Session, rehearsal: Rehearsal, last: str
) -> None:
    query, told = f"{MANY} UNION ALL {last}", []
    for source in (LiveCatalog(rehearsal, session.store, "duckdb"), rehearsal):
        with pytest.raises(QueryProblem) as caught:
            source.describe(query)
        told.append((str(caught.value), caught.value.offset))
    assert told[0] == told[1]


def test_most_of_a_union_of_many_is_described_once(session: Session, rehearsal: Rehearsal) -> None:
    asked: list[str] = []

    class Counting:
        def describe(self, sql: str) -> object:
            asked.append(sql)
            return rehearsal.describe(sql)

    catalog = LiveCatalog(Counting(), session.store, "duckdb")  # type: ignore[arg-type]
    queries = (f"SELECT a, x FROM t WHERE a = {i} " for i in range(200))
    assert [column.type for column in catalog.describe("UNION ALL ".join(queries)) or ()] == [
        "INTEGER", "VARCHAR",
    ]  # fmt: skip
    assert len(asked) <= 3

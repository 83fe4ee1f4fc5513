"""What is done twice is done once: with the same tables, models and result sets as without."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sqlml.databases.duckdb import DuckDB
from sqlml.databases.names import quoted
from sqlml.session import Session, connect
from sqlml.source import Source

FLOWERS = (
    "CREATE OR REPLACE TABLE flowers AS SELECT i AS x, i * i % 7 AS y,"
    " if(i % 3 = 0, 'a', 'b') AS kind FROM range(60) AS r(i);"
)


def shared(session: Session, text: str) -> dict[str, str]:
    """The steps that take what others leave, and which."""
    compiled = session.compile([Source("p", text)])
    return {node.name: node.same_as for node in compiled.workflow.nodes if node.same_as}


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with connect(":memory:") as session:
        session.run(FLOWERS + "CREATE VIEW v AS SELECT random() AS r; CREATE MACRO m() AS random();"
                    "CREATE VIEW fine AS SELECT * FROM flowers")  # fmt: skip
        yield session


# --- random programs ----------------------------------------------------------------------

TABLES = ("a", "b", "c", "d")
QUERIES = ("SELECT n + 1 AS n FROM {}", "SELECT n  + 1 AS n FROM {} -- again", "FROM {} ORDER BY n")
CHANGES = ("INSERT INTO {} VALUES (7)", "UPDATE {} SET n = n * 2", "DELETE FROM {} WHERE n > 3")

made = st.builds(
    lambda into, query, source: f"CREATE OR REPLACE TABLE {into} AS {query.format(source)}",
    st.sampled_from(TABLES),
    st.sampled_from(QUERIES),
    st.sampled_from((*TABLES, "seen")),
)
changed = st.builds(str.format, st.sampled_from(CHANGES), st.sampled_from(TABLES))
dropped = st.sampled_from(TABLES).map(
    lambda table: f"DROP TABLE {table}; CREATE TABLE {table} AS SELECT 5 AS n"
)
viewed = st.sampled_from(TABLES).map(
    lambda table: f"CREATE OR REPLACE VIEW seen AS SELECT n FROM {table}"
)
programs = st.lists(st.one_of(made, made, made, changed, dropped, viewed), min_size=3, max_size=9)


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Session, Session]]:
    """Sessions without and with the pass, which reuse nothing of earlier runs."""
    with (
        connect(":memory:", reuse=False, passes="none") as plain,
        connect(":memory:", reuse=False, passes="share") as sharing,
    ):
        yield plain, sharing


def left_by(session: Session, statements: list[str]) -> Mapping[str, list[object]]:
    begin = "; ".join(
        f"CREATE OR REPLACE TABLE {t} AS SELECT {i} AS n" for i, t in enumerate("abcd")
    )
    session.run(f"{begin}; CREATE OR REPLACE VIEW seen AS FROM a; {'; '.join(statements)}")
    return {
        name: session.database.table(f"SELECT n FROM {quoted(name)}").column(0).to_pylist()
        for name in (*TABLES, "seen")
    }


@settings(max_examples=15)
@given(programs)
def test_random_programs_leave_what_they_leave_unshared(
    both: tuple[Session, Session], statements: list[str]
) -> None:
    plain, sharing = both
    assert left_by(sharing, statements) == left_by(plain, statements)


# --- what is shared, and what not ---------------------------------------------------------

CTAS = "CREATE OR REPLACE TABLE {} AS {};"


def twice(query: str, between: str = "") -> str:
    return CTAS.format("one", query) + between + CTAS.format("two", query)


@pytest.mark.parametrize(
    "text",
    [
        twice("SELECT random() AS r FROM flowers"),
        twice("SELECT * FROM flowers USING SAMPLE 10"),
        twice("SELECT * FROM v"),
        twice("SELECT m() AS r FROM flowers"),
        twice("SELECT count(*) AS n FROM sqlml_runs"),
        "CREATE VIEW w AS SELECT * FROM v;" + twice("SELECT * FROM w"),
        "CREATE OR REPLACE MACRO f() AS 1;" + twice("SELECT f() AS r"),
        "SET threads = 1;" + twice("SELECT * FROM flowers"),
    ],
)
def test_what_may_differ_each_time_is_done_each_time(session: Session, text: str) -> None:
    assert shared(session, text) == {}


@pytest.mark.parametrize(
    "between",
    [
        "INSERT INTO flowers VALUES (1, 2, 'c');",
        "UPDATE one SET x = 0;",
        "DROP TABLE one;",
        "CREATE OR REPLACE VIEW fine AS SELECT 1 AS x;",
    ],
)
def test_what_changes_between_is_done_again(session: Session, between: str) -> None:
    query = "SELECT x FROM fine" if "fine" in between else "SELECT * FROM flowers"
    assert shared(session, twice(query, between)) == {}
    other = "CREATE OR REPLACE TABLE other AS SELECT 1 AS n;"
    assert shared(session, twice(query, other)) == {"query-3": "query"}


def test_views_of_tables_alone_are_shared_until_a_table_changes(session: Session) -> None:
    assert shared(session, twice("SELECT x FROM fine")) == {"query-2": "query"}
    assert shared(session, twice("SELECT x FROM fine", FLOWERS)) == {}


PROGRAM = f"""
{FLOWERS}
{twice("SELECT x, y, kind FROM flowers")}
SELECT * FROM one TO TRAIN xgboost.gbtree
WITH objective = 'binary:logistic', num_boost_round = 2 LABEL kind INTO m1;
SELECT * FROM one TO TRAIN xgboost.gbtree
WITH model.objective = 'binary:logistic', train.num_boost_round = 2 LABEL kind INTO m2;
SELECT x, y FROM one TO PREDICT p1.kind USING m1;
SELECT x, y FROM one TO PREDICT p2.kind USING m2;
SELECT * FROM one TO EVALUATE m1 LABEL kind;
SELECT * FROM one TO EVALUATE m2 LABEL kind;
DROP TABLE one; DROP MODEL m1;
"""


def test_models_predictions_and_results_are_made_once_and_equal(session: Session) -> None:
    assert shared(session, PROGRAM) == {
        "query-3": "query-2",
        "train-2": "train",
        "predict-2": "predict",
        "evaluate-2": "evaluate",
    }
    results = session.run(PROGRAM)
    first, second = (one.table for one in results)
    assert first.equals(second)
    database = session.database
    assert database.table("FROM p1").equals(database.table("FROM p2"))
    copied = session.store.models.find("m2")
    assert copied is not None
    assert "train.num_boost_round" in copied.manifest["statement"]  # its own
    session.store.models.verify(copied)
    run = session.store.runs.latest()
    assert run is not None
    train = next(s for s in session.store.runs.steps(run.id) if s.name == "train-2")
    assert (train.outcome, train.source) == ("succeeded", run.id)


ROWS = "SELECT f.x, f.y, g.kind FROM flowers f JOIN flowers g USING (x) ORDER BY x"
TRAIN = (
    "{} TO TRAIN xgboost.gbtree WITH objective = 'binary:logistic', max_depth = {},"
    " train.num_boost_round = 2 LABEL kind INTO {};"
)


def trained(*queries: str, between: str = "") -> str:
    trains = [TRAIN.format(query, i + 2, f"r{i}") for i, query in enumerate(queries)]
    return FLOWERS + between.join(trains)


def rows_of(session: Session, text: str) -> dict[str, str]:
    nodes = session.compile([Source("p", text)]).workflow.nodes
    return {node.name: node.same_rows_as for node in nodes if node.same_rows_as}


def test_trainings_over_one_query_are_told_of_the_first(session: Session) -> None:
    assert rows_of(session, trained(ROWS, ROWS, ROWS)) == {"train-2": "train", "train-3": "train"}
    assert rows_of(session, trained(ROWS, f"{ROWS} LIMIT 9", ROWS)) == {"train-3": "train"}
    assert rows_of(session, trained(ROWS, ROWS, between=FLOWERS)) == {}
    scan, chance = "SELECT * FROM flowers WHERE x > 1", f"{ROWS}, random()"
    assert rows_of(session, trained(scan, scan)) == rows_of(session, trained(chance, chance)) == {}


def test_one_query_for_several_trainings_is_executed_once_and_gives_equal_models(
    both: tuple[Session, Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    rows = DuckDB.rows

    def counted(self: DuckDB, sql: str, *more: int) -> object:
        asked.append(sql)
        return rows(self, sql, *more)

    monkeypatch.setattr(DuckDB, "rows", counted)
    models = []
    for session, times in zip(both, (3, 1), strict=True):
        asked.clear()
        session.run(trained(ROWS, ROWS, ROWS))
        assert asked.count(ROWS) == times
        found = [session.store.models.find(f"r{i}") for i in range(3)]
        models.append([(one.folder / "model.ubj").read_bytes() for one in found if one])
    assert models[0] == models[1]
    assert len(models[0]) == 3


def test_an_edit_of_the_first_does_not_make_the_second_run(session: Session) -> None:
    session.run(twice("SELECT x FROM flowers"))
    edited = CTAS.format("one", "SELECT y FROM flowers") + CTAS.format(
        "two", "SELECT x FROM flowers"
    )
    told = session.forecast(session.compile([Source("p", edited)]))
    assert [step.runs for step in told.steps] == [True, False]


def test_the_plan_says_from_which_step_a_result_is_taken(session: Session) -> None:
    told = session.forecast(session.compile([Source("p", twice("SELECT 1 + 1 AS n"))]))
    assert told.steps[1].why == "as `query`, which does the same"

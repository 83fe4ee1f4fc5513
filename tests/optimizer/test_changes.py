"""What runs again after a change, and what `plan` says of it beforehand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sqlml.errors import StepError
from sqlml.runtime.events import Event, StepNote
from sqlml.session import Session, connect
from sqlml.source import Source

IRIS = Path("examples/data/iris.csv").resolve()
PROGRAM = f"""
CREATE OR REPLACE TABLE iris AS SELECT * FROM '{IRIS}';
CREATE OR REPLACE TABLE petals AS SELECT * FROM iris WHERE petal_width > 0.2;
SELECT * FROM iris TO TRAIN xgboost.gbtree WITH max_depth = 2, train.num_boost_round = 3
LABEL species INTO m;
SELECT * FROM petals TO PREDICT answers USING m;
SELECT * FROM petals TO EVALUATE m WITH validation.metrics = accuracy;
SELECT * FROM iris TO TRAIN lightgbm.gbdt WITH train.num_boost_round = 3 LABEL species INTO other;
SELECT count(*) AS n FROM answers;
"""
ALWAYS = {"query-3"}
Ran = Callable[..., set[str]]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with connect(tmp_path / "x.duckdb") as session:
        yield session


@pytest.fixture
def ran(session: Session) -> Ran:
    """Runs a program; the steps that really ran. `plan` must have told which."""

    def run(text: str, *, exactly: bool = True) -> set[str]:
        told = session.forecast(session.compile([Source("p.sql", text)]))
        expected = {step.node.name for step in told.steps if step.runs}
        run = session.run(text).run
        steps = session.store.runs.steps(run)
        found = {step.name for step in steps if step.outcome == "succeeded"}
        assert found <= expected
        assert found == expected or not exactly
        return found

    return run


def why(session: Session, text: str) -> dict[str, str]:
    told = session.forecast(session.compile([Source("p.sql", text)]))
    return {step.node.name: step.why for step in told.steps}


def test_an_unchanged_program_runs_its_plain_queries_only(ran: Ran) -> None:
    assert len(ran(PROGRAM)) == 7
    assert ran(PROGRAM) == ALWAYS
    assert ran(PROGRAM) == ALWAYS


def test_results_that_were_kept_are_given_again_bit_by_bit(session: Session) -> None:
    first, again = session.run(PROGRAM), session.run(PROGRAM)
    assert [result.step for result in again] == ["evaluate", "query-3"]
    assert all(a.to_arrow().equals(b.to_arrow()) for a, b in zip(first, again, strict=True))
    answers = session.database.table("FROM answers")
    session.settings = type(session.settings)(reuse=False)
    fresh = session.run(PROGRAM)
    assert session.store.runs.steps(fresh.run)[2].outcome == "succeeded"
    assert fresh[0].to_arrow().equals(first[0].to_arrow())
    assert session.database.table("FROM answers").equals(answers)


def test_comments_layout_and_names_of_files_change_nothing(session: Session, ran: Ran) -> None:
    ran(PROGRAM)
    text = PROGRAM.replace("SELECT * FROM iris", "SELECT  /* all */ *\n\n FROM iris -- all\n")
    assert ran("-- another comment\n" + text) == ALWAYS
    run = session.run(text, name="another.sql").run
    assert [s.outcome for s in session.store.runs.steps(run)].count("reused") == 6


def test_text_in_strings_is_no_layout(ran: Ran) -> None:
    query = "CREATE OR REPLACE TABLE t AS SELECT 'a  b -- c' AS text"
    ran(query)
    assert ran(query.replace("a  b", "a b")) == {"query"}


def test_an_edited_statement_runs_again_with_those_behind_it(ran: Ran) -> None:
    ran(PROGRAM)
    assert ran(PROGRAM.replace("max_depth = 2", "max_depth = 3")) == {
        "train", "predict", "evaluate", *ALWAYS
    }  # fmt: skip
    assert ran(PROGRAM.replace("max_depth = 2", "max_depth = 3")) == ALWAYS
    edited = PROGRAM.replace("max_depth = 2", "max_depth = 3").replace(
        "gbdt WITH", "gbdt WITH num_leaves = 4,"
    )
    assert ran(edited) == {"train-2", *ALWAYS}


def test_a_statement_put_in_front_moves_names_and_runs_nothing_else(ran: Ran) -> None:
    ran(PROGRAM)
    assert ran("CREATE OR REPLACE TABLE first AS SELECT 1 AS a;" + PROGRAM) == {"query", "query-4"}


def test_another_spelling_of_an_attribute_changes_nothing(ran: Ran) -> None:
    ran(PROGRAM)
    assert ran(PROGRAM.replace("max_depth = 2", "model.max_depth = 2")) == ALWAYS


def test_new_rows_in_a_table_run_again_what_reads_it(session: Session, ran: Ran) -> None:
    programs = PROGRAM.split(";", 2)
    session.run(";".join(programs[:2]))
    rest = programs[2]
    ran(rest)
    assert ran(rest) == {"query"}
    session.database.execute("INSERT INTO petals SELECT * FROM iris LIMIT 1")
    assert ran(rest) == {"predict", "evaluate", "query"}
    session.database.execute(
        "UPDATE iris SET petal_width = petal_width + 1 WHERE species = 'setosa'"
    )
    assert {"train", "train-2"} <= ran(rest, exactly=False)


def test_a_changed_file_runs_again_what_reads_it(tmp_path: Path, ran: Ran) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n2\n")
    program = (
        f"CREATE OR REPLACE TABLE a AS FROM '{file}';"
        "CREATE OR REPLACE TABLE b AS SELECT sum(a) AS s FROM a"
    )
    assert ran(program) == {"query", "query-2"}
    assert ran(program) == set()
    file.write_text("a\n1\n2\n3\n")
    assert ran(program) == {"query", "query-2"}


def test_a_table_made_again_with_the_same_rows_stops_the_change(
    tmp_path: Path, session: Session, ran: Ran
) -> None:
    ran(PROGRAM)
    same = PROGRAM.replace(f"FROM '{IRIS}';", f"FROM '{IRIS}' WHERE true;")
    assert why(session, same)["train"] == "iris changes"
    assert ran(same, exactly=False) == {"query", *ALWAYS}


@pytest.mark.parametrize("function", ["random()", "now()", "current_timestamp", "uuid()"])
def test_what_depends_on_chance_or_time_is_never_reused(ran: Ran, function: str) -> None:
    program = (
        f"CREATE OR REPLACE TABLE t AS SELECT *, {function} AS x FROM '{IRIS}';"
        f"SELECT * EXCLUDE (x), hash({function}) % 2 AS y FROM t TO TRAIN xgboost.gbtree"
        " WITH train.num_boost_round = 2 LABEL species INTO m;"
    )
    assert ran(program) == ran(program) == {"query", "train"}


def test_a_table_that_was_changed_or_dropped_is_made_again(session: Session, ran: Ran) -> None:
    ran(PROGRAM)
    session.database.execute("DELETE FROM answers WHERE petal_width > 1")
    assert why(session, PROGRAM)["predict"] == "table `answers` was changed since"
    assert ran(PROGRAM) == {"predict", *ALWAYS}
    session.database.execute("DROP TABLE answers")
    assert ran(PROGRAM) == {"predict", *ALWAYS}


def test_a_model_that_another_program_replaced_or_dropped_is_trained_again(
    session: Session, ran: Ran
) -> None:
    ran(PROGRAM)
    session.run(
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH train.num_boost_round = 1"
        " LABEL species INTO m"
    )
    assert "train" in ran(PROGRAM, exactly=False)
    assert session.store.models.find("m", None).number == 3
    session.run("DROP MODEL other")
    assert ran(PROGRAM) == {"train-2", *ALWAYS}


def test_a_stored_model_with_a_new_version_is_applied_again(session: Session, ran: Ran) -> None:
    ran(PROGRAM)
    use = "SELECT * FROM petals TO PREDICT guesses USING m"
    assert ran(use) == {"predict"}
    assert ran(use) == set()
    ran(PROGRAM.replace("max_depth = 2", "max_depth = 1"))
    assert ran(use) == {"predict"}


def test_a_kept_result_that_is_gone_is_made_again(session: Session, ran: Ran) -> None:
    ran(PROGRAM)
    for file in session.store.results.iterdir():
        file.unlink()
    assert ran(PROGRAM) == {"evaluate", *ALWAYS}


def test_rows_that_a_view_gives_are_those_of_its_tables_now(session: Session, ran: Ran) -> None:
    program = (
        "CREATE OR REPLACE TABLE t AS SELECT 1 AS a;"
        "CREATE OR REPLACE VIEW v AS SELECT a FROM t;"
        "CREATE OR REPLACE TABLE first AS SELECT sum(a) AS s FROM v;"
        "CREATE OR REPLACE TABLE t AS SELECT 5 AS a;"
        "CREATE OR REPLACE TABLE last AS SELECT sum(a) AS s FROM v;"
    )
    for _ in range(2):
        ran(program, exactly=False)
        rows = session.database.table("SELECT first.s, last.s AS l FROM first, last").to_pylist()
        assert rows == [{"s": 1, "l": 5}]


def test_a_table_is_the_same_however_its_name_is_written(session: Session, ran: Ran) -> None:
    program = (
        "CREATE OR REPLACE TABLE t AS SELECT 1 AS a;"
        "CREATE OR REPLACE TABLE first AS SELECT sum(a) AS s FROM main.T;"
        "INSERT INTO T VALUES (1);"
        "CREATE OR REPLACE TABLE last AS SELECT sum(a) AS s FROM main.T;"
    )
    for _ in range(2):
        ran(program, exactly=False)
        rows = session.database.table("SELECT first.s, last.s AS l FROM first, last").to_pylist()
        assert rows == [{"s": 1, "l": 2}]


def failed_run(session: Session, text: str, resume: str | None = None) -> str:
    with pytest.raises(StepError):
        session.run(text, resume=resume)
    run = session.store.runs.latest()
    assert run is not None
    return run.id


def test_what_was_inserted_is_not_inserted_again_when_a_run_is_resumed(session: Session) -> None:
    program = (
        "CREATE TABLE log (a INTEGER); SELECT count(*) FROM log; INSERT INTO log VALUES (1);"
        "INSERT INTO log VALUES (1); ALTER TABLE log ADD COLUMN b INTEGER;"
        "SELECT error('no') FROM log;"
    )
    run = failed_run(session, program)
    mended = program.replace("error('no')", "1") + "SELECT count(*) AS n FROM log"
    results = session.run(mended, resume=run)
    assert results.to_arrow()["n"].to_pylist() == [2]
    outcomes = [step.outcome for step in session.store.runs.steps(results.run)]
    assert outcomes.count("reused") == 4


def test_a_statement_put_in_front_does_not_make_a_resumed_run_insert_twice(
    session: Session,
) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    run = failed_run(session, "INSERT INTO log VALUES (1); SELECT error('no') FROM log")
    results = session.run(
        "SELECT 1; CREATE TABLE x AS SELECT 1 AS a; INSERT INTO log VALUES (1);"
        "SELECT count(*) AS n FROM log",
        resume=run,
    )
    assert results.to_arrow()["n"].to_pylist() == [1]


def test_a_resumed_run_sees_data_that_were_mended_meanwhile(
    tmp_path: Path, session: Session
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\nx\n")
    program = f"CREATE OR REPLACE TABLE t AS FROM '{file}'; SELECT a::INTEGER AS a FROM t"
    run = failed_run(session, program)
    file.write_text("a\n1\n")
    assert session.run(program, resume=run).to_arrow()["a"].to_pylist() == [1]


def test_a_resumed_run_says_where_it_shows_other_rows_than_the_first_did(session: Session) -> None:
    shown = "SELECT count(*) AS n FROM t; SELECT 1; DELETE FROM t WHERE i > 3;"
    program = f"CREATE TABLE t AS SELECT range AS i FROM range(9); {shown} SELECT error('x') FROM t"
    run = failed_run(session, program)
    told: list[Event] = []
    session.run(program.replace("error('x')", "1"), resume=run, listeners=[told.append])
    noted = [(event.step, event.message) for event in told if isinstance(event, StepNote)]
    assert noted == [
        ("query-2", "it shows what is there now, which later steps of the run have changed")
    ]


def test_without_reuse_a_resumed_run_goes_on_with_the_models_it_had(session: Session) -> None:
    session.settings = type(session.settings)(reuse=False)
    session.run(PROGRAM)
    program = PROGRAM + "SELECT error('no') FROM answers"
    run = failed_run(session, program)
    version = session.store.models.find("m", None)
    results = session.run(program.replace("error('no')", "1"), resume=run)
    outcomes = {s.name: s.outcome for s in session.store.runs.steps(results.run)}
    assert outcomes["train"] == outcomes["predict"] == "reused"
    assert session.store.models.find("m", None) == version


def test_a_transaction_that_was_rolled_back_is_made_again(session: Session) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    program = "BEGIN; INSERT INTO log VALUES (1); SELECT error('no') FROM log; COMMIT"
    run = failed_run(session, program)
    session.run(program.replace("error('no')", "1"), resume=run)
    assert session.run("SELECT count(*) AS n FROM log").to_arrow()["n"].to_pylist() == [1]


def test_a_table_may_have_been_replaced_although_a_killed_run_could_not_say_so(
    session: Session,
) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    program = (
        "CREATE OR REPLACE TABLE src AS SELECT 1 AS a; CREATE OR REPLACE TABLE made AS FROM src;"
        "INSERT INTO log FROM made; CREATE OR REPLACE TABLE src AS SELECT 2 AS a;"
        "SELECT error('no') FROM log"
    )
    run = failed_run(session, program)
    session.store.runs.change(run, "query-4", {"outcome": "waiting"})
    session.run(program.replace("error('no')", "1"), resume=run)
    assert session.run("FROM log").to_arrow()["a"].to_pylist() == [1]
    assert session.run("FROM src").to_arrow()["a"].to_pylist() == [2]


def test_a_table_is_built_on_itself_once(session: Session) -> None:
    session.run("CREATE TABLE t AS SELECT 1 AS a")
    program = "CREATE OR REPLACE TABLE t AS SELECT a + 1 AS a FROM t; SELECT error('no') FROM t"
    run = failed_run(session, program)
    run = failed_run(session, program, resume=run)
    session.run(program.replace("error('no')", "1"), resume=run)
    assert session.run("FROM t").to_arrow()["a"].to_pylist() == [2]


def test_a_table_gets_another_name_once(session: Session) -> None:
    program = (
        "CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t RENAME TO u; SELECT error('no') FROM u"
    )
    run = failed_run(session, program)
    results = session.run(program.replace("error('no')", "a"), resume=run)
    assert results.to_arrow()["a"].to_pylist() == [1]


def test_what_was_undone_is_not_missed_when_a_run_is_gone_on_from(session: Session) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    program = (
        "BEGIN; CREATE TABLE made AS FROM log; CREATE VIEW v AS FROM made; ROLLBACK;"
        "INSERT INTO log VALUES (2); SELECT error('no') FROM log"
    )
    run = failed_run(session, program)
    session.run(program.replace("error('no')", "1"), resume=run)
    assert session.run("FROM log").to_arrow()["a"].to_pylist() == [2]


def test_statements_about_the_connection_are_said_again(session: Session) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    program = (
        "CREATE TEMP TABLE few AS SELECT 7 AS a; CREATE TEMP VIEW w AS FROM few;"
        "CREATE TEMP MACRO f() AS (FROM w); SET VARIABLE x = (SELECT f());"
        "INSERT INTO log SELECT getvariable('x');SELECT error('no') FROM log, few;"
    )
    run = failed_run(session, program)
    results = session.run(
        program.replace("error('no')", "getvariable('x')") + "SELECT count(*) AS n FROM log",
        resume=run,
    )
    assert results[0].to_arrow().column(0).to_pylist() == [7]
    assert results.to_arrow()["n"].to_pylist() == [1]


def test_a_table_is_read_once_for_all_that_depend_on_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    program = "CREATE OR REPLACE TABLE base AS SELECT 1 AS a;" + "".join(
        f"CREATE OR REPLACE TABLE t{i} AS SELECT a + {i} AS a FROM base;"
        f"INSERT INTO log VALUES ({i}); SELECT a FROM t{i};"
        for i in range(10)
    )
    session.run(program)
    taken: list[str] = []
    fingerprint = session.database.fingerprint

    def counted(table: str, **how: bool) -> str | None:
        taken.append(table)
        return fingerprint(table, **how)

    monkeypatch.setattr(session.database, "fingerprint", counted)
    session.run(program)
    assert sorted(taken) == sorted(["base", *(f"t{i}" for i in range(10))])


TRANSACTION = (
    "BEGIN; INSERT INTO log VALUES (1); CREATE TABLE made AS SELECT 2 AS b; {} COMMIT;"
    "INSERT INTO log VALUES (1); {}"
)


def test_a_transaction_that_has_ended_is_neither_repeated_nor_lost(session: Session) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    run = failed_run(session, TRANSACTION.format("", "SELECT error('no') FROM log"))
    results = session.run(TRANSACTION.format("", "INSERT INTO log VALUES (2)"), resume=run)
    assert session.run("FROM log ORDER BY a").to_arrow()["a"].to_pylist() == [1, 1, 2]
    outcomes = [step.outcome for step in session.store.runs.steps(results.run)]
    assert outcomes == ["reused"] * 5 + ["succeeded"]


def test_what_a_transaction_had_begun_counts_for_nothing(session: Session) -> None:
    """The same statement stands before and behind the COMMIT, and is done by different runs."""
    session.run("CREATE TABLE log (a INTEGER)")
    run = failed_run(session, TRANSACTION.format("SELECT error('no') FROM log;", ""))
    second = TRANSACTION.format("", "SELECT error('no') FROM log").replace(
        "INSERT INTO log VALUES (1); S", "S"
    )
    run = failed_run(session, second, resume=run)
    assert session.run("FROM log").to_arrow()["a"].to_pylist() == [1]
    session.run(TRANSACTION.format("", ""), resume=run)
    assert session.run("FROM log").to_arrow()["a"].to_pylist() == [1, 1]


def test_a_transaction_that_was_edited_is_done_again(session: Session) -> None:
    session.run("CREATE TABLE log (a INTEGER)")
    program = "BEGIN; INSERT INTO log VALUES ({}); COMMIT; {}"
    run = failed_run(session, program.format(1, "SELECT error('no') FROM log"))
    session.run(program.format(5, ""), resume=run)
    assert session.run("FROM log ORDER BY a").to_arrow()["a"].to_pylist() == [1, 5]

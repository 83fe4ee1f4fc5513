import pytest


@pytest.mark.parametrize(
    ("statement", "code", "message", "span"),
    [
        ("SELECT * FROM irs", "E0301", "there is no table `irs`", "irs"),
        ("SELECT petl FROM iris", "E0302", "there is no column `petl`", "petl"),
        (
            "SELECT sine(petal_width) FROM iris",
            "E0303",
            "there is no function `sine`",
            "sine(petal_width)",
        ),
        ("INSERT INTO irs VALUES (1)", "E0301", "there is no table `irs`", "irs"),
        ("CREATE SCHEMA main", "E0317", "schema `main` already exists", "main"),
    ],
)
def test_what_the_database_refuses_is_an_error_at_its_place(bench, statement, code, message, span):
    told = bench.fault(f"SELECT 1;\n{statement}")
    assert told[:3] == (code, message, span)


def test_a_table_in_an_unknown_schema_cannot_be_created(bench):
    code, message, *_ = bench.fault("CREATE TABLE s.t AS SELECT 1")
    assert (code, message) == ("E0318", "there is no schema `s`")


def test_a_missing_file_is_an_error(bench, tmp_path):
    code, *_ = bench.fault("SELECT * FROM 'no/such/file.csv'")
    assert code == "E0319"
    (tmp_path / "titanic.csv").write_text("a\n1\n")
    _, _, _, hint = bench.fault(f"SELECT * FROM read_csv('{tmp_path / 'titanicc.csv'}')")
    assert hint == f"did you mean `{tmp_path / 'titanic.csv'}`?"


def test_tables_that_the_program_makes_are_known_further_down(bench):
    assert bench.plan(
        "CREATE SCHEMA lab; CREATE TABLE lab.t AS SELECT petal_width AS w FROM iris;"
        "INSERT INTO lab.t VALUES (1.5); CREATE VIEW v AS SELECT w FROM lab.t; SELECT w FROM v"
    )
    code, *_ = bench.fault("DROP TABLE iris; SELECT * FROM iris")
    assert code == "E0301"


def test_creating_a_table_anew_is_left_to_the_run_which_may_find_it_unchanged(bench):
    assert bench.plan("CREATE TABLE iris AS SELECT 1 AS x; SELECT x FROM iris")
    code, *_ = bench.fault("CREATE TABLE iris (x INTEGER)")
    assert code == "E0317"


def test_what_follows_from_a_fault_is_not_told(bench):
    code, *_ = bench.fault(
        "CREATE TABLE t AS SELECT petl FROM iris;"
        "SELECT x FROM t;"
        "CREATE TABLE u AS SELECT * FROM t;"
        "SELECT * FROM u TO TRAIN xgboost.gbtree LABEL y INTO m;"
        "SELECT * FROM u TO PREDICT p.y USING m;"
        "SELECT y FROM p"
    )
    assert code == "E0302"

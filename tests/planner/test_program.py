from time import process_time

import pytest

from sqlml.errors import MAX_SHOWN

TRAIN = "SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL species INTO {};"


def test_faults_of_all_statements_are_told_at_once_in_their_order(bench):
    faults = bench.faults(
        "SELECT * FROM irs;"
        "SELECT * FROM iris "
        "TO TRAIN xgboost.gbtree WITH max_dpeth = 3 COLUMN petl LABEL spec INTO m;"
        "SELECT * FROM iris TO PREDICT t USING other"
    )
    codes = [fault.code for fault in faults]
    assert codes == ["E0301", "E0203", "E0311", "E0305", "E0202"]
    assert [fault.span.start for fault in faults] == sorted(fault.span.start for fault in faults)


def test_no_more_than_ten_faults_are_told(bench):
    faults = bench.faults("SELECT * FROM irs;" * 20)
    assert len(faults) == MAX_SHOWN


def test_a_typo_in_the_last_statement_is_found_before_anything_runs(bench):
    text = TRAIN.format("m") + "CREATE TABLE t AS SELECT 1 AS x; SELECT y FROM t"
    assert bench.fault(text)[:3] == ("E0302", "there is no column `y`", "y")
    assert bench.database.fingerprint("t") is None


@pytest.mark.parametrize("text", ["", ";;", "-- only a comment", "/* ; */ ;"])
def test_a_blank_program_is_nothing_to_do(bench, text):
    plan = bench.plan(text)
    assert (plan.operators, plan.notes) == ((), ())


def test_a_wrong_training_does_not_make_its_model_unknown(bench):
    code, *_ = bench.fault(
        "SELECT * FROM iris TO TRAIN xgboost.gbtre LABEL species INTO m;"
        "SELECT * FROM iris TO PREDICT t USING m; SELECT whatever FROM t;"
        "SELECT * FROM iris TO EVALUATE m; SELECT * FROM iris TO EXPLAIN m; DROP MODEL m"
    )
    assert code == "E0201"


def test_columns_named_like_anything_are_columns(bench):
    words = ["label", "rows", "model", "sqlml_rows", "prediction", "class", "value", "index"]
    listed = ", ".join(f'{number} AS "{word}"' for number, word in enumerate(words))
    bench.run(f"CREATE TABLE odd AS SELECT {listed}, 'x' AS species")
    plan = bench.plan(
        "SELECT * FROM odd TO TRAIN lightgbm.gbdt LABEL label INTO m;"
        "SELECT * FROM odd TO PREDICT out.value USING m; SELECT label FROM (SELECT 1 AS label), out"
    )
    assert [feature.label for feature in plan.operators[0].features[""]] == [*words[1:], "species"]


def test_a_view_over_tables_is_looked_through(bench):
    bench.run("CREATE VIEW v AS SELECT * FROM iris; CREATE VIEW w AS SELECT * FROM v")
    fit = bench.operator("SELECT * FROM w TO TRAIN xgboost.gbtree LABEL species INTO m")
    assert fit.rows.facts.reads == ("w",)
    assert set(fit.rows.sources) == {"w", "v", "iris"}


def test_a_query_over_a_view_may_give_its_rows_in_any_order(bench):
    bench.run("CREATE VIEW v AS SELECT * FROM iris ORDER BY random()")
    train = "SELECT * FROM {} TO TRAIN xgboost.gbtree LABEL species INTO m"
    assert bench.operator(train.format("iris")).rows.facts.stable
    facts = bench.operator(train.format("v")).rows.facts
    assert not facts.stable
    assert not facts.deterministic


def program(statements, name):
    """No two of the statements, nor two programs of other names, have the same text."""
    yield "CREATE TABLE base AS SELECT * FROM iris;"
    for i in range(statements // 4):
        t, p, m = (f"{name}_{kind}{i}" for kind in "tpm")
        yield f"CREATE TABLE {t} AS SELECT * FROM base WHERE petal_length > {i};"
        yield f"SELECT * FROM {t} TO TRAIN xgboost.gbtree WITH eta = 0.1 LABEL species INTO {m};"
        yield f"SELECT * FROM {t} TO PREDICT {p}.species USING {m};"
        yield f"SELECT * FROM {p} TO EVALUATE {m};"


@pytest.mark.slow
def test_planning_takes_linear_time(bench):
    def seconds(statements, name):
        text = "\n".join(program(statements, name))
        started = process_time()
        bench.workflow(text)
        return process_time() - started

    seconds(100, "first")
    assert seconds(4000, "long") < 8 * seconds(1000, "short")

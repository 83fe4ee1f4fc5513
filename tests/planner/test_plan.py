from sqlml.planner.wording import plain, shortened


def test_a_training_is_shown_with_its_query(bench):
    plan = bench.plan(
        "SELECT * FROM iris TO TRAIN xgboost.gbtree WITH max_depth = 6, train.seed = 3 "
        "LABEL species INTO iris_model"
    )
    assert plan.text() == (
        "Fit xgboost.gbtree(max_depth=6, seed=3) label=species → iris_model\n"
        '└─ Read "SELECT * FROM iris"        5 columns, 4 features'
    )
    assert plan.operators[0].title == "TO TRAIN xgboost.gbtree"
    assert plan.operators[0].span.place == "t.sql:1:1"


def test_every_operator_has_a_text_and_a_title(bench):
    plan = bench.plan(
        "CREATE TABLE t AS SELECT * FROM iris;"
        "SELECT * FROM t TO TRAIN xgboost.gbtree"
        ' WITH validation.select = "FROM iris", validation.metrics = f1 LABEL species INTO m;'
        "SELECT * FROM t TO TRAIN xgboost.gbtree LABEL species USING m INTO n;"
        "SELECT * FROM t TO PREDICT p.kind WITH predict.probability = TRUE USING n;"
        "SELECT * FROM t TO PREDICT USING n;"
        "SELECT * FROM t TO EVALUATE n WITH validation.metrics = 'f1, accuracy' INTO e;"
        "SELECT * FROM t TO EXPLAIN n USING GainExplainer;"
        "SHOW MODELS; SHOW TRAIN m; DESCRIBE MODEL m; DROP MODEL m"
    )
    read = '└─ Read "SELECT * FROM t"        5 columns'
    assert plan.text().splitlines() == [
        'Execute "CREATE TABLE t AS SELECT * FROM iris" → t        reads iris',
        "Fit xgboost.gbtree(validation.metrics=[f1]) label=species → m",
        '├─ Read "SELECT * FROM t"        5 columns, 4 features',
        '└─ Read "FROM iris"        5 columns, validation',
        "Fit xgboost.gbtree label=species from m → n",
        read + ", 4 features",
        "Apply n(probability=TRUE) → p.kind",
        read,
        "Apply n → species",
        read,
        "Measure n f1, accuracy label=species → e",
        read,
        "Explain n using GainExplainer",
        read,
        "Show models",
        "Show train m",
        "Describe m",
        "Drop m",
    ]
    assert [operator.title for operator in plan.operators] == [
        "CREATE TABLE t AS SELECT * FROM iris",
        "TO TRAIN xgboost.gbtree",
        "TO TRAIN xgboost.gbtree",
        "TO PREDICT p",
        "TO PREDICT species",
        "TO EVALUATE n",
        "TO EXPLAIN n",
        "SHOW MODELS",
        "SHOW TRAIN m",
        "DESCRIBE MODEL m",
        "DROP MODEL m",
    ]


def test_steps_are_named_after_what_they_do_and_counted(bench):
    plan = bench.plan("SELECT 1; SELECT 2; SHOW MODELS; SELECT 3")
    assert plan.node_names() == ("query", "query-2", "manage", "query-3")
    assert plan.nodes_by_statement()[1] == ("query-2",)
    assert plan.statements_by_node()["query-3"].sql == "SELECT 3"


def test_long_sql_is_cut():
    assert shortened("SELECT  1,\n 2") == "SELECT 1, 2"
    assert shortened("SELECT 123456789", most=10) == "SELECT 12…"
    assert len(shortened("x " * 10_000_000)) <= 48


def test_values_are_shown_as_they_are_written():
    assert plain((1, 2.5, None, True, "a")) == "[1, 2.5, NULL, TRUE, a]"

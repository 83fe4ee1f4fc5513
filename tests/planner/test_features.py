import pytest


def features(bench, columns, query="SELECT * FROM iris", label="species"):
    fit = bench.operator(f"{query} TO TRAIN xgboost.gbtree COLUMN {columns} LABEL {label} INTO m")
    return [feature.to_json() for feature in fit.features[""]]


def names(bench, columns, **rest):
    return [list(_columns(spec)) for spec in features(bench, columns, **rest)]


def _columns(spec):
    if isinstance(spec, dict):
        if "column" in spec and isinstance(spec["column"], str):
            yield spec["column"]
        for value in spec.values():
            yield from _columns(value)
    elif isinstance(spec, tuple | list):
        for value in spec:
            yield from _columns(value)


def fault(bench, columns, query="SELECT * FROM iris"):
    return bench.fault(f"{query} TO TRAIN xgboost.gbtree COLUMN {columns} LABEL species INTO m")


def test_a_column_is_found_in_any_case_and_spelt_as_the_query_does(bench):
    assert names(bench, "PETAL_Width") == [["petal_width"]]


def test_a_star_is_every_column_but_the_label(bench):
    assert names(bench, "*") == [
        ["sepal_length"],
        ["sepal_width"],
        ["petal_length"],
        ["petal_width"],
    ]


def test_a_function_behind_a_star_adds_to_all(bench):
    functions = [spec["function"] for spec in features(bench, "*, BUCKET(petal_width, 4)")]
    assert functions == ["NUMERIC"] * 4 + ["BUCKET"]


def test_the_database_type_decides_what_a_plain_column_is(bench):
    query = (
        "SELECT 1 AS i, 1.5 AS f, true AS b, 'x' AS t, DATE '2024-01-01' AS d, [1, 2] AS a,"
        " ['x'] AS words, 'y' AS species"
    )
    functions = [spec["function"] for spec in features(bench, "*", query=query)]
    assert functions == [
        "NUMERIC",
        "NUMERIC",
        "NUMERIC",
        "TEXT",
        "DATE_PARTS",
        "DENSE",
        "VOCABULARY",
    ]


@pytest.mark.parametrize(
    ("value", "type_", "hint"),
    [
        ("{'a': 1}", "STRUCT(a INTEGER)", "select its fields: `x.field AS field`"),
        ("MAP {'k': 1}", "MAP(VARCHAR, INTEGER)", "select its entries: `x['key'] AS key`"),
        ("'x'::BLOB", "BLOB", "leave it out with `SELECT * EXCLUDE (x)`"),
        ("INTERVAL 1 DAY", "INTERVAL", "select `epoch(x) AS x`"),
        ("[{'a': 1}]", "STRUCT(a INTEGER)[]", "make text or numbers of it in the query"),
    ],
)
def test_a_type_that_cannot_be_a_feature_is_an_error_with_a_way_out(bench, value, type_, hint):
    code, message, _, told = bench.fault(
        f"SELECT 1 AS a, {value} AS x, 'y' AS species TO TRAIN xgboost.gbtree LABEL species INTO m"
    )
    assert code == "E0312"
    assert message == f"column `x` is of type {type_}, which cannot be a feature as it is"
    assert told.startswith(hint)


def test_an_unknown_column_is_an_error_with_the_nearest_name(bench):
    assert fault(bench, "petal_widht") == (
        "E0311",
        "the query has no column `petal_widht`",
        "petal_widht",
        "did you mean `petal_width`?",
    )


def test_an_unknown_column_inside_a_function_is_found_there(bench):
    code, _, span, _ = fault(bench, "INDICATOR(CROSS([petal_width, spal], 10))")
    assert (code, span) == ("E0311", "spal")


def test_a_quoted_name_may_be_a_pattern(bench):
    assert names(bench, 'STANDARDIZE("Petal_.*")') == [["petal_length"], ["petal_width"]]
    assert names(bench, '"petal_.*", sepal_width') == [
        ["petal_length"],
        ["petal_width"],
        ["sepal_width"],
    ]


def test_a_pattern_is_anchored_and_leaves_out_the_label(bench):
    assert names(bench, '".*e.*s?"', query="SELECT petal_width, species FROM iris") == [
        ["petal_width"]
    ]
    code, message, *_ = fault(bench, '"petal_"')
    assert (code, message) == ("E0311", "the query has no column `petal_`")


def test_a_pattern_without_a_match_is_an_error(bench):
    code, message, span, _ = fault(bench, 'LOG("c[0-9]+")')
    assert (code, message, span) == ("E0311", "no column matches `c[0-9]+`", '"c[0-9]+"')


def test_a_pattern_in_a_list_gives_all_its_columns(bench):
    query = "SELECT 'x' AS color_a, 'y' AS color_b, 'z' AS shape, species FROM iris"
    assert names(bench, 'CROSS(["color_.*", shape], 10)', query=query) == [
        ["color_a", "color_b", "shape"]
    ]


def test_a_pattern_takes_no_longer_for_being_wicked(bench):
    query = f'SELECT 1 AS "{"a" * 60}!", 2 AS "größe", 3 AS "a-b", species FROM iris'
    assert names(bench, r'"(\w+)+|[\w-]+"', query=query) == [["größe"], ["a-b"]]
    code, message, *_ = fault(bench, '"(?!id).*"')
    assert (code, "no pattern" in message) == ("E0311", True)


def test_a_quoted_name_that_is_a_column_is_no_pattern(bench):
    query = 'SELECT 1 AS "a.b", 2 AS axb, species FROM iris'
    assert names(bench, '"a.b"', query=query) == [["a.b"]]


def test_the_label_cannot_be_a_feature(bench):
    assert fault(bench, "petal_width, species") == (
        "E0218",
        "`species` is the label, and cannot be a feature too",
        "species",
        "leave it out of COLUMN",
    )


def test_something_must_be_left_to_learn_from(bench):
    code, message, span, _ = bench.fault(
        "SELECT species FROM iris TO TRAIN xgboost.gbtree LABEL species INTO m"
    )
    assert (code, message) == ("E0219", "no column is left to learn from")
    assert span == "SELECT species FROM iris"


def test_a_column_that_is_selected_twice_can_be_no_feature(bench):
    code, message, _, hint = bench.fault(
        "SELECT petal_width, petal_width, species FROM iris "
        "TO TRAIN xgboost.gbtree LABEL species INTO m"
    )
    assert (code, message) == ("E0304", "the query gives several columns `petal_width`")
    assert "AS" in hint


def test_a_column_that_is_selected_twice_does_no_harm_when_it_is_no_feature(bench):
    query = "SELECT petal_width, sepal_width, sepal_width, species FROM iris"
    assert names(bench, "petal_width", query=query) == [["petal_width"]]


def test_an_unknown_function_is_an_error_with_the_nearest_name(bench):
    assert fault(bench, "STANDARDISE(petal_width)") == (
        "E0215",
        "there is no COLUMN function `STANDARDISE`",
        "STANDARDISE",
        "did you mean `STANDARDIZE`?",
    )


@pytest.mark.parametrize("boundaries", ["[10, 0]", "[5, 5]"])
def test_bucket_boundaries_are_strictly_ascending(bench, boundaries):
    code, message, span, _ = fault(bench, f"BUCKET(petal_width, {boundaries})")
    assert (code, span) == ("E0216", boundaries)
    assert "strictly ascending" in message


def test_a_missing_argument_is_an_error_at_the_function(bench):
    code, _, span, _ = fault(bench, "CATEGORY_HASH(petal_width)")
    assert (code, span) == ("E0216", "CATEGORY_HASH(petal_width)")


def test_an_embedding_in_a_tree_model_says_what_to_use_instead(bench):
    written = "EMBEDDING(BUCKET(petal_width, [1, 2]), 8)"
    code, message, span, hint = fault(bench, written)
    assert (code, span) == ("E0216", written)
    assert message == "EMBEDDING needs a neural network, and `xgboost.gbtree` is none"
    assert "INDICATOR(petal_width)" in hint


def test_a_model_with_one_input_takes_no_target(bench):
    code, message, span, _ = fault(bench, "petal_width FOR deep")
    assert (code, span) == ("E0217", "deep")
    assert message == "`xgboost.gbtree` has a single input, which has no name"


def test_the_same_feature_counts_once(bench):
    assert names(bench, "petal_width, PETAL_WIDTH") == [["petal_width"]]


def test_nested_functions_are_resolved(bench):
    (spec,) = features(bench, "INDICATOR(BUCKET(petal_width, [1, 2]))")
    assert spec["function"] == "INDICATOR"
    assert spec["of"]["function"] == "BUCKET"
    assert tuple(spec["of"]["boundaries"]) == (1, 2)


def test_a_word_in_a_later_argument_is_no_column(bench):
    (spec,) = features(bench, "IMPUTE(petal_width, mean)")
    assert spec["function"] == "IMPUTE"


def test_ten_thousand_columns_are_no_trouble(bench):
    listed = ", ".join(f"{i} AS c{i}" for i in range(10_000))
    query = f"SELECT {listed}, 'y' AS species"
    assert len(features(bench, "*", query=query)) == 10_000

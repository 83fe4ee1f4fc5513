from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sqlml.errors import ProgramError

WORDS = st.sampled_from(
    ["iris", "species", "petal_width", "m", "kept", "kept@1", "t", "x", "main", '"a b"', "NULL"]
)
VALUES = st.one_of(
    st.integers(-3, 300).map(str),
    st.floats(allow_nan=False, allow_infinity=False, width=16).map(repr),
    st.sampled_from(
        ["'x'", "TRUE", "NULL", "[]", "[1, 'a', [2]]", "RANGE(1, 2)", "f()", "accuracy", "''"]
    ),
    st.sampled_from(['"SELECT * FROM iris"', "'SELEC'", '"FROM t;"', "'; ;'"]),
)
ATTRIBUTES = st.sampled_from(
    [
        "eta",
        "max_depth",
        "objective",
        "model.n_clusters",
        "train.seed",
        "train.group",
        "train.weight",
        "train.nothing",
        "train.num_boost_round",
        "n_estimators",
        "validation.select",
        "validation.split",
        "validation.metrics",
        "predict.probability",
        "predict.extra_outputs",
        "explain.keys",
        "summary.sort",
        "tune.x",
        "variables",
        ".",
    ]
)
COLUMNS = st.recursive(
    st.one_of(WORDS, VALUES, st.sampled_from(["*", '"petal_.*"', '"("', '"["', "DENSE"])),
    lambda inner: st.builds(
        "{}({})".format,
        st.sampled_from(
            [
                "BUCKET",
                "INDICATOR",
                "CROSS",
                "DENSE",
                "SPARSE",
                "LOG",
                "IMPUTE",
                "TFIDF",
                "EMBEDDING",
                "F",
            ]
        ),
        st.lists(inner, max_size=3).map(", ".join),
    ),
    max_leaves=4,
)
QUERIES = st.sampled_from(
    [
        "SELECT * FROM iris",
        "SELECT species, species, petal_width FROM iris",
        "SELECT 1 AS x",
        "SELECT * FROM t",
        "FROM main.iris",
        "PIVOT iris ON species USING count(*)",
        "SELECT NULL AS species, petal_width FROM iris",
        "VALUES (1)",
        "SELECT {'a': 1} AS x, 'b' AS species",
        "SELEC",
    ]
)


def clause(keyword, items):
    return st.lists(items, max_size=3).map(
        lambda found: f"{keyword} {', '.join(found)}" if found else ""
    )


WITH = clause("WITH", st.builds("{} = {}".format, ATTRIBUTES, VALUES))
LABEL = clause("LABEL", WORDS)
INTO = st.one_of(st.just(""), WORDS.map("INTO {}".format))
MODELS = st.sampled_from(
    ["xgboost.gbtree", "lightgbm.gbdt", "KMeans", "PCA", "LGBMRanker", "nope", "i/m", "ARIMA"]
)
STATEMENTS = st.one_of(
    st.builds(
        "{} TO TRAIN {} {} {} {} INTO {}".format,
        QUERIES,
        MODELS,
        WITH,
        clause("COLUMN", COLUMNS),
        LABEL,
        WORDS,
    ),
    st.builds("{} TO PREDICT {} {} USING {}".format, QUERIES, WORDS, WITH, WORDS),
    st.builds("{} TO EVALUATE {} {} {} {}".format, QUERIES, WORDS, WITH, LABEL, INTO),
    st.builds("{} TO EXPLAIN {} {} {}".format, QUERIES, WORDS, WITH, INTO),
    st.builds("{} TO RUN tool {}".format, QUERIES, INTO),
    st.builds("{} TO MINIMIZE SUM(x) {}".format, QUERIES, WITH),
    st.builds(
        "{} {}".format,
        st.sampled_from(["DROP MODEL", "SHOW TRAIN", "DESCRIBE MODEL", "DROP TABLE"]),
        WORDS,
    ),
    st.builds("CREATE TABLE {} AS {}".format, WORDS, QUERIES),
    QUERIES,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STATEMENTS, max_size=4).map(";\n".join))
def test_any_program_gives_a_workflow_or_errors_with_their_places(bench, text):
    bench.forget()
    bench.store("kept", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"}, classes=("a", "b"))
    faults = ()
    try:
        bench.workflow(text)
    except ProgramError as error:
        faults = error.diagnostics
    assert all(fault.span is not None and fault.message for fault in faults)

"""Given a text and a place in it (`|`), what can be written there."""

import pytest

from sqlml.databases.database import Column
from sqlml.editing.completion import complete
from sqlml.editing.names import Names
from sqlml.session import Session
from sqlml.zoo.features import FEATURES
from sqlml.zoo.models import find_model, model_names

NAMES = Names(
    {
        "iris": (Column("sepal_length", "DOUBLE"), Column("species", "VARCHAR")),
        "other.visits": (Column("at", "TIMESTAMP"), Column("odd one", "INTEGER")),
    },
    {"flowers": "xgboost.gbtree, version 2", "flowers@champion": "version 1"},
)
TRAIN = "SELECT * FROM iris TO TRAIN xgboost.gbtree"


def candidates(marked: str, names: Names = NAMES) -> list[str]:
    offset = marked.index("|")
    text = marked.replace("|", "", 1)
    return [one.text for one in complete(text, offset, names).candidates]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        # keywords: exactly what the grammar takes there, clauses that were given left out
        ("SELECT * FROM iris TO |", "CHECK EVALUATE EXPLAIN MAXIMIZE MINIMIZE PREDICT RUN TRAIN"),
        ("SELECT * FROM iris TO ev|", "EVALUATE"),
        (f"{TRAIN} |", "WITH COLUMN LABEL USING INTO"),
        (f"{TRAIN} WITH eta = 0.1 LABEL species |", "COLUMN USING INTO"),
        ("ALTER MODEL flowers |", "DROP RENAME SET"),
        ("DROP MODEL flowers@champion |", ""),
        (f"{TRAIN} WITH eta = 0.1 nonsense |", ""),
        # tables, and columns of those in FROM, wherever that stands
        ("SELECT * FROM |", "iris other.visits"),
        ("SELECT * FROM iris, |", "iris other.visits"),
        ("SELECT * FROM iris JOIN oth|", "other.visits"),
        ("SELECT sep| FROM iris", "sepal_length"),
        ("SELECT i.| FROM iris AS i", "i.sepal_length i.species"),
        ("SELECT visits.| FROM other.visits", 'visits.at visits."odd one"'),
        ("WITH recent AS (SELECT 1) SELECT * FROM rec|", "recent"),
        ("CREATE TABLE mine AS SELECT 1; SELECT * FROM mi|", "mine"),
        ("SELECT * FROM iris TO PREDICT ir| USING flowers", "iris"),
        (f"{TRAIN} LABEL |", "sepal_length species"),
        # behind a quote that is open, or that the editor has closed
        ('SELECT * FROM "ir|', '"iris"'),
        ('SELECT * FROM "ir|"', '"iris'),
        ('SELECT * FROM iris WHERE "Sp|', '"species"'),
        (f'{TRAIN} LABEL "sep|', '"sepal_length"'),
        ('SELECT * FROM "flow|', ""),
        ("SELECT length(species) AS letters FROM iris TO TRAIN KMeans COLUMN let|", "letters"),
        # models
        ("SELECT * FROM iris TO TRAIN lightgbm.g|", "lightgbm.gbdt lightgbm.goss"),
        ("SELECT * FROM iris TO EVALUATE |", "flowers flowers@champion"),
        ("SELECT * FROM iris TO PREDICT x USING flowers@|", "flowers@champion"),
        (f"{TRAIN} LABEL species INTO fresh; DROP MODEL fr|", "fresh"),
        ("SELECT PREDICT('|", "flowers flowers@champion"),
        ("CREATE JOB j SCHEDULE '0 3 * * *' AS BEGIN SELECT 1; SHOW TRAIN flowers@|",
         "flowers@champion"),
        # attributes, and what they take
        (f"{TRAIN} WITH max_de|", "max_depth max_delta_step"),
        (f"{TRAIN} WITH max_depth = 3, max_de|", "max_delta_step"),
        ("SELECT * FROM iris TO TRAIN KMeans WITH n_clu|", "model.n_clusters"),
        (f"{TRAIN} WITH objective = multi:|", "multi:softprob multi:softmax"),
        (f"{TRAIN} WITH train.disk_cache = |", "TRUE FALSE"),
        (f"{TRAIN} WITH validation.metrics = [f1, mean_abs|", ""),
        (f"{TRAIN} WITH train.weight = sep|", "sepal_length"),
        ("SELECT * FROM iris TO EXPLAIN flowers USING Tree|", "TreeExplainer"),
        ("SELECT * FROM iris TO RUN psi|", "psi"),
        # COLUMN functions
        (f"{TRAIN} COLUMN BUC|", "BUCKET("),
        (f"{TRAIN} COLUMN BUCKET(sep|", "sepal_length"),
        # nothing in strings and comments
        ("SELECT 'a |", ""),
        ("SELECT 1 -- fro|", ""),
        ("SELECT 1 /* fro|", ""),
    ],
)  # fmt: skip
def test_candidates(marked: str, expected: str) -> None:
    found = candidates(marked)
    if "mean_abs" in marked:
        assert "mean_absolute_error" in found
    elif expected.startswith("visits"):
        assert found == ["visits.at", 'visits."odd one"']
    else:
        assert found == expected.split()


def test_a_statement_may_begin_with_sql_or_with_ours() -> None:
    found = candidates("|")
    assert {"SELECT", "CREATE", "SHOW", "WITH"} <= set(found)
    assert {"MODEL", "JOB", "TABLE"} <= set(candidates("DROP |"))
    assert candidates("SELECT 1; SEL|") == ["SELECT"]
    assert "WHERE" in candidates("SELECT * FROM iris wh|")


def test_every_estimator_and_every_column_function_is_offered_with_documentation() -> None:
    text = "SELECT * FROM iris TO TRAIN "
    found = complete(text, len(text), NAMES).candidates
    assert tuple(one.text for one in found) == model_names()
    assert all(one.doc for one in found)
    text = f"{TRAIN} COLUMN "
    found = complete(text, len(text), NAMES).candidates
    functions = {one.text.rstrip("("): one for one in found if one.kind == "function"}
    assert set(functions) == set(FEATURES)
    assert all(one.doc and one.detail for one in functions.values())


def test_an_attribute_is_offered_with_what_it_takes_and_means() -> None:
    text = f"{TRAIN} WITH max_depth"
    (found,) = complete(text, len(text), NAMES).candidates
    model = find_model("xgboost.gbtree")
    assert model is not None
    assert found.doc == model.parameters["max_depth"].doc
    assert "an integer ≥ 0" in found.detail
    assert "default" in found.detail


def test_the_word_is_replaced_as_a_whole() -> None:
    text = f"{TRAIN} WITH objective = reg:squ"
    assert complete(text, len(text), NAMES).start == text.index("reg:squ")


def test_any_place_of_any_program_has_candidates_or_none_but_no_error() -> None:
    programs = (
        f"{TRAIN} WITH a=[1,(2],'x' COLUMN f(\"a\",*) FOR b LABEL INTO ;; TO TO @",
        "CREATE OR REPLACE JOB j SCHEDULE '1' IF SELECT 1 AS BEGIN SELECT 1 TO TRAIN; END; $x$ a",
        "SELECT * FROM (a.b.c, d) AS e TO MAXIMIZE SUM(x*y) CONSTRAINT x <= 3 GROUP BY z WITH s.t=",
        "FROM\0 \"x TO PREDICT `y USING ()..@3.1e5::int /* /* */",
    )  # fmt: skip
    for text in programs:
        for offset in range(len(text) + 1):
            complete(text, offset, NAMES)
            complete(text[offset:], len(text) - offset, NAMES)


def test_names_are_read_from_a_database() -> None:
    from sqlml.editing.names import read_names

    with Session.open(db=":memory:") as session:
        session.run('CREATE SCHEMA s; CREATE TABLE s.t (a INTEGER, "b c" VARCHAR)')
        session.run("CREATE VIEW v AS SELECT a FROM s.t")
        names = read_names(session.database, session.store)
    assert names.columns("S.T") == (Column("a", "INTEGER"), Column("b c", "VARCHAR"))
    assert names.columns("v") == (Column("a", "INTEGER"),)
    assert "sqlml_models" in names.tables
    assert candidates('SELECT "b| FROM s.t', names) == []
    assert candidates("SELECT b| FROM s.t", names)[0] == '"b c"'

import pytest


@pytest.fixture
def flowers(bench):
    """The bench with a stored model."""
    bench.store("flowers", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    return bench


def test_an_explainer_is_found_in_any_case(flowers):
    operator = flowers.operator("SELECT * FROM iris TO EXPLAIN flowers USING treeexplainer")
    assert operator.explainer == "TreeExplainer"


def test_an_unknown_explainer_is_an_error_with_the_nearest_name(flowers):
    assert flowers.fault("SELECT * FROM iris TO EXPLAIN flowers USING TreeExplaner") == (
        "E0222",
        "there is no explainer `TreeExplaner`",
        "TreeExplaner",
        "did you mean `TreeExplainer`?",
    )


def test_keys_are_columns_spelt_as_in_the_query(flowers):
    operator = flowers.operator(
        "SELECT 1 AS id, * FROM iris TO EXPLAIN flowers WITH explain.keys = 'ID, species'"
    )
    assert operator.settings == {"keys": ("id", "species")}


def test_an_unknown_key_is_an_error(flowers):
    assert flowers.fault("SELECT * FROM iris TO EXPLAIN flowers WITH explain.keys = spicies") == (
        "E0315",
        "the query has no column `spicies` for `explain.keys`",
        "spicies",
        "did you mean `species`?",
    )


def test_the_model_needs_its_columns(flowers):
    code, *_ = flowers.fault("SELECT sepal_width FROM iris TO EXPLAIN flowers")
    assert code == "E0310"


def test_gains_are_a_table_of_three_columns(flowers):
    gains = "SELECT * FROM iris TO EXPLAIN flowers USING GainExplainer INTO gains;"
    assert flowers.plan(gains + "SELECT feature, fscore, gain FROM gains")
    code, *_ = flowers.fault(gains + "SELECT weight FROM gains")
    assert code == "E0302"


def test_which_columns_explanations_have_is_left_to_the_run(flowers):
    explain = "SELECT * FROM iris TO EXPLAIN flowers INTO reasons;"
    assert flowers.plan(explain + "SELECT petal_width_setosa FROM reasons")

import pytest

from sqlml.zoo.features.contract import ColumnReference, Encoding
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.features.vocabulary import Vocabulary


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


@pytest.fixture
def coded(bench):
    """The bench with a stored model of two classes that takes categories as they are."""
    column = ColumnReference("species", "VARCHAR")
    pipeline = Pipeline((Vocabulary(column, ("setosa", "virginica")),), Encoding("native"))
    stored = {"": pipeline.to_json()}
    bench.store("coded", {"species": "VARCHAR"}, {"y": "INT"}, classes=(0, 1), pipeline=stored)
    bench.store("three", {"species": "VARCHAR"}, {"y": "INT"}, classes=(0, 1, 2), pipeline=stored)
    return bench


def test_a_key_that_is_a_feature_of_a_stored_model_is_an_error(coded):
    explain = "SELECT * FROM iris TO EXPLAIN coded WITH explain.keys = Species"
    assert coded.fault(f"{explain} INTO effects") == (
        "E0424",
        "`species` is a key and a feature: two columns would have its name",
        "Species",
        "select it once more under another name: `species AS species_key`",
    )
    assert coded.plan(explain)
    assert coded.plan(f"{explain} INTO effects".replace("coded", "three"))


def test_a_key_that_is_a_feature_of_a_model_further_up_is_an_error(bench):
    query = "SELECT petal_length, petal_width FROM iris"
    train = "TO TRAIN LinearRegression LABEL petal_width INTO line;"
    explain = "TO EXPLAIN line WITH explain.keys = petal_length INTO effects"
    code, _, place, _ = bench.fault(f"{query} {train} {query} {explain}")
    assert (code, place) == ("E0424", "petal_length")


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


def test_other_explainers_have_tables_of_known_columns(flowers):
    for using, columns in (
        ("permutation_importance", "feature, importance, std"),
        ("PartialDependence", "feature, value, class, prediction"),
    ):
        explain = f"SELECT * FROM iris TO EXPLAIN flowers USING {using} INTO t;"
        text = f"{explain} SELECT {columns} FROM t"
        assert flowers.plan(text).operators[0].explainer in (
            "PermutationImportance",
            "PartialDependence",
        )
        code, *_ = flowers.fault(text.replace("SELECT feature", "SELECT weight"))
        assert code == "E0302"


def test_settings_belong_to_an_explainer(flowers):
    assert flowers.fault(
        "SELECT * FROM iris TO EXPLAIN flowers WITH explain.grid = 5 USING SHAP"
    ) == (
        "E0291",
        "`explain.grid` means nothing to TreeExplainer",
        "explain.grid = 5",
        "leave it out, or explain `USING PartialDependence`",
    )


def test_features_are_those_of_the_model(flowers):
    assert flowers.fault(
        "SELECT * FROM iris TO EXPLAIN flowers WITH explain.features = [petal_wdth] USING PDP"
    ) == (
        "E0292",
        "`flowers` has no feature made of a column `petal_wdth`",
        "[petal_wdth]",
        "did you mean `petal_width`?",
    )


def test_permutations_need_the_label_and_a_metric_of_the_task(flowers):
    text = "FROM iris TO EXPLAIN flowers WITH explain.metric = {} USING PermutationExplainer"
    metric = flowers.operator("SELECT * " + text.format("'F1_score'")).settings["metric"]
    assert metric == "f1"
    assert flowers.fault("SELECT * " + text.format("rmse"))[0] == "E0211"
    code, message, _, hint = flowers.fault("SELECT petal_width " + text.format("f1"))
    assert (code, hint) == ("E0306", "select it")
    assert message == "the query has no column `species`, the label of `flowers`"


def test_a_clustering_has_no_shap_values(flowers):
    flowers.store("groups", {"petal_width": "DOUBLE"}, task="clustering")
    code, message, span, hint = flowers.fault("SELECT * FROM iris TO EXPLAIN groups")
    assert (code, span) == ("E0293", "groups")
    assert message == "`groups` has no SHAP values: it is for clustering"
    assert hint.startswith("explain it `USING PermutationExplainer`")
    assert flowers.operator("SELECT * FROM iris TO EXPLAIN groups USING PDP").explainer == "PDP"

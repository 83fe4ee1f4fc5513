"""SHOW TRAIN, SHOW MODELS, DESCRIBE MODEL, DROP MODEL."""

from typing import Any

import pytest

from sqlml.errors import StepError

STATEMENT = "SELECT * FROM iris TO TRAIN xgboost.gbtree LABEL species INTO m"


def manage(context: Any, action: str, model: str = "", **options: Any) -> list[dict[str, Any]]:
    before = len(context.results)
    name, _, version = model.partition("@")
    given = {"version": int(version)} if version else {}
    context.run("manage", action=action, model=name, **given, **options)
    return context.results[-1].to_pylist() if len(context.results) > before else []


@pytest.fixture
def trained(iris: Any) -> Any:
    for rounds in (2, 3):
        settings = {"num_boost_round": rounds}
        iris.train(
            "xgboost.gbtree",
            "SELECT * FROM iris",
            "species",
            settings=settings,
            statement=STATEMENT,
        )
    return iris


def test_show_train_gives_the_statement(trained: Any) -> None:
    assert manage(trained, "show-train", "m") == [{"Model": "m", "Train Statement": STATEMENT}]


def test_show_models_lists_the_newest_versions(trained: Any) -> None:
    (found,) = manage(trained, "show-models")
    assert (found["model"], found["version"], found["estimator"]) == ("m", 2, "xgboost.gbtree")
    assert (found["task"], found["label"], found["rows"]) == ("classification", "species", 150)
    assert "accuracy" in found["metrics"]


def test_show_models_of_none_is_empty_with_all_columns(context: Any) -> None:
    assert manage(context, "show-models") == []
    assert context.results[-1].column_names[0] == "model"


def test_describe_tells_features_types_metrics_versions_and_lineage(trained: Any) -> None:
    rows = manage(trained, "describe", "m@1")
    found = {(row["section"], row["property"]): row["value"] for row in rows}
    assert found["model", "version"] == "1"
    assert found["feature", "petal_width"] == "NUMERIC of DOUBLE"
    assert found["label", "species"] == "VARCHAR"
    assert found["label", "classes"] == "setosa, versicolor, virginica"
    accuracy, rows = found["metric", "train_accuracy"].split(" ", 1)
    assert float(accuracy) > 0.9
    assert rows == "on the 150 training rows"
    assert found["model", "rows"] == "150"
    assert found["lineage", "table"] == "iris  b1946ac9"
    assert found["setting", "num_boost_round"] == "2"
    assert found["lineage", "statement"] == STATEMENT
    assert found["lineage", "run"] == "7f3a"
    assert ("version", "m@2") in found


def test_drop_forgets_a_version_or_all(trained: Any) -> None:
    manage(trained, "drop", "m@1")
    assert [one["version"] for one in trained.models.versions("m")] == [2]
    manage(trained, "drop", "m")
    assert trained.models.names() == ()
    manage(trained, "drop", "m", if_exists=True)


@pytest.mark.parametrize("action", ["show-train", "describe", "drop"])
def test_an_unknown_model_has_a_nearest_one(trained: Any, action: str) -> None:
    trained.train("xgboost.gbtree", "SELECT * FROM iris", "species", into="iris_model")
    for model, hint in (("iris_modl", "did you mean `iris_model`?"), ("m@7", "its versions: 1, 2")):
        with pytest.raises(StepError) as caught:
            manage(trained, action, model)
        (found,) = caught.value.diagnostics
        assert (found.code, found.message, found.hint) == (
            "E0426",
            f"there is no model `{model}`",
            hint,
        )

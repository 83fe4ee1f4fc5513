"""Names that programs for SQLFlow and the systems under it use, and what is written today."""

from collections.abc import Mapping

from sqlml.zoo.attributes import Attribute
from sqlml.zoo.models import find_model, nearest_model
from sqlml.zoo.models.dictionaries.sklearn_estimators import EXCLUDED

# What else SQLFlow programs hand to the plots of shap, which draws other plots today.
DRAWING = frozenset(
    f"explain.{name}"
    for name in (
        *("alpha", "axis_color", "class_inds", "class_names", "color", "color_bar"),
        *("color_bar_label", "feature_names", "layered_violin_max_num_bins", "plot_size"),
        *("show", "title", "use_log_scale"),
    )
)
_CROSS_ENTROPY = dict.fromkeys(
    ("binarycrossentropy", "categoricalcrossentropy", "sparsecategoricalcrossentropy"),
    "cross_entropy",
)
_FOCAL = dict.fromkeys(("binaryfocalcrossentropy", "categoricalfocalcrossentropy"), "focal")
_ERRORS = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "meansquarederror": "mean_squared_error",
    "meanabsoluteerror": "mean_absolute_error",
    "meanabsolutepercentageerror": "mean_absolute_percentage_error",
    "meansquaredlogarithmicerror": "mean_squared_logarithmic_error",
    "logcosh": "log_cosh",
}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "objective": {"reg:linear": "reg:squarederror"},
    "loss": {**_CROSS_ENTROPY, **_FOCAL, **_ERRORS},
    "optimizer": {"gradientdescent": "sgd", "momentum": "sgd"},
}
_ATTRIBUTES = {"center_count": "n_clusters", "tree_num": "n_estimators", "lr": "learning_rate"}
_NO_ATTRIBUTES = {
    "idx_table_name": "`TO PREDICT table USING model` writes what becomes of each row",
    "sketch_eps": "write `max_bin`, which is about 1 / sketch_eps",
    "silent": "write `verbosity = 0`",
    "decay": "leave it out: the learning rate stays as it is",
    "label_col": "the model knows its label",
    "excluded_columns": "features are the columns of the query, or those that COLUMN lists",
}
OWN = "a class of your own is named by its file or module: see docs/custom-models.md"
_MODELS = {
    "adanet": "write `AutoClassifier`",
    "elasticdldnnclassifier": "write `DNNClassifier`",
    "elasticdlkerasclassifier": "write `DNNClassifier`",
    "randomforests": "write `RandomForestClassifier`, or `RandomForestRegressor` for numbers",
    "wideanddeepclassifier": "write `DNNLinearCombinedClassifier`",
    "xgboost": "write `xgboost.gbtree`",
    "xgboost.binaryclassifier": "write `xgboost.XGBClassifier`",
    "xgboost.classifier": "write `xgboost.XGBClassifier`",
    "xgboost.estimator": "write `xgboost.gbtree`",
    "xgboost.multiclassifier": "write `xgboost.XGBClassifier`",
    "xgboost.regressor": "write `xgboost.XGBRegressor`",
}
_FUNCTIONS = {
    "bucketize": "write `BUCKET(column, n)`",
    "concat": "list the columns one by one; `CROSS([a, b], n)` makes one category of several",
    "hash": "write `CATEGORY_HASH(column, n)`",
    "normalize": "write `MINMAX(column)`, or `STANDARDIZE(column)`",
    "square": "compute it in the query: `SELECT x * x AS x_squared`",
    "vocabularize": "write `VOCABULARY(column)`",
}
_INPUTS = {"deep": "dnn_feature_columns", "wide": "linear_feature_columns"}


def value_of_today(attribute: Attribute, value: str) -> str | None:
    """The choice that a value of another name means; None where it is no such name."""
    folded = value.casefold()
    own, name = folded, attribute.name
    if folded.startswith(("tf.", "keras.")):
        own = folded.rpartition(".")[2]
    if name.endswith("optimizer"):
        own, name = own.removesuffix("optimizer"), "optimizer"
    today = _VALUES.get(name, {}).get(own.replace("_", ""), own)
    known = {str(choice).casefold(): str(choice) for choice in attribute.choices}
    return known.get(today) if folded not in known else None


def attribute_of_today(name: str) -> str:
    """The name of an attribute in scikit-learn's words; the very same where it is no other's."""
    return _ATTRIBUTES.get(name.casefold(), name)


def instead_of_attribute(name: str) -> str:
    """What there is in place of an attribute that has no counterpart."""
    return _NO_ATTRIBUTES.get(name.casefold(), "")


def instead_of_model(name: str) -> str:
    """What to write for a model that has another name here, or why there is none."""
    prefix, _, own = name.rpartition(".")
    if today := _MODELS.get(name.casefold()) or _MODELS.get(own.casefold()):
        return today
    if prefix.casefold() != "sqlflow_models":
        reasons = {known.casefold(): reason for known, reason in EXCLUDED.items()}
        return reasons.get(own.casefold(), "")
    close = nearest_model(own)
    return f"did you mean `{close}`? {OWN}" if close else OWN


def instead_of_function(name: str) -> str:
    """What there is in place of a function for COLUMN of SQLFlow's later designs."""
    return _FUNCTIONS.get(name.casefold(), "")


def instead_of_input(name: str) -> str:
    """What to write for `FOR wide` and `FOR deep_embeddings`."""
    found = next((known for word, known in _INPUTS.items() if word in name.casefold()), None)
    return f"write `FOR {found}`" if found else ""


def instead_of_image(name: str) -> str:
    """What to write for `sqlflow/image/Model`, a model of SQLFlow's; empty where it is none."""
    found = find_model(name.rpartition("/")[2]) if name.casefold().startswith("sqlflow/") else None
    return f"write `{found.name}`" if found else ""

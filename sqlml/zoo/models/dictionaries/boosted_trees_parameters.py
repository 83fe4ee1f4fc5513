"""Every parameter of TensorFlow's boosted trees, in one line each."""

from dataclasses import replace

from sqlml.zoo.attributes import Attribute, Dictionary
from sqlml.zoo.models.dictionaries.booster_attributes import (
    choice,
    flag,
    integer,
    number,
    reserved,
)
from sqlml.zoo.settings import TRAIN

_ALL_ROWS = "every layer is grown on all rows"

# What is accepted and does nothing, and why.
NO_EFFECT = {
    "model.n_batches_per_layer": _ALL_ROWS,
    "model.train_in_memory": "XGBoost decides by itself",
    "train.batch_size": _ALL_ROWS,
    "train.epoch": "`model.n_trees` says how long training goes on",
    "train.max_steps": "`model.n_trees` says how long training goes on",
}

_TREES = (
    integer("n_trees", 100, 1, "How many trees, or trees per class where classes are several."),
    integer("max_depth", 6, 1, "Deepest tree."),
    number("learning_rate", 0.1, 0, "How much each tree changes the model.", maximum=1, above=True),
    number("l1_regularization", 0, 0, "L1 regularization of the leaves, per training row."),
    number("l2_regularization", 0, 0, "L2 regularization of the leaves, per training row."),
    number(
        "tree_complexity", 0, 0, "Least gain per training row of a split, where trees are pruned."
    ),
    number("min_node_weight", 0, 0, "Least hessian per training row of a node."),
    choice(
        "pruning_mode",
        "none",
        ("none", "pre", "post"),
        "Whether splits must gain `tree_complexity`; it is looked at while trees grow.",
    ),
    flag("center_bias", False, "Start from the label's mean, not from 0 (or even chances)."),
    number(
        "quantile_sketch_epsilon",
        0.01,
        0,
        "Precision of the quantiles that numbers are split at: 1 / bins.",
        maximum=0.5,
        above=True,
    ),
    integer(
        "n_batches_per_layer", 1, 1, "Accepted for older programs: layers are grown on all rows."
    ),
    flag("train_in_memory", False, "Accepted for older programs; it changes nothing."),
    reserved("feature_columns", "list the columns in COLUMN"),
    reserved("weight_column", "write `train.weight = column`"),
)


def classifier_parameters() -> Dictionary:
    """Of `BoostedTreesClassifier`."""
    return Dictionary(
        (
            integer("n_classes", None, 2, "Number of classes; counted in the label."),
            *_TREES,
            reserved("label_vocabulary", "classes are read from the label, of any type"),
        )
    )


def regressor_parameters() -> Dictionary:
    """Of `BoostedTreesRegressor`."""
    return Dictionary(
        (
            *_TREES,
            Attribute("label_dimension", choices=(1,), default=1, doc="Labels of a row: one."),
        )
    )


def _settings() -> Dictionary:
    known = TRAIN.only(
        *("seed", "weight", "class_weight", "early_stopping_rounds", "disk_cache", "verbose"),
        *("batch_size", "epoch", "max_steps"),
    )
    accepted = "Accepted for older programs; it changes nothing."
    unused = (replace(known[n], doc=accepted) for n in ("batch_size", "epoch", "max_steps"))
    measured = "1 or 2: measure the metrics on the training rows in every round, too."
    return known.merge(Dictionary((*unused, replace(known["verbose"], doc=measured))))


SETTINGS = _settings()

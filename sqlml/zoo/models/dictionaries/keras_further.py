"""The attributes of the Keras models that SQLFlow programs know as `sqlflow_models.*`."""

from dataclasses import replace

from sqlml.zoo.attributes import Attribute, Dictionary, WithoutEffect
from sqlml.zoo.models.dictionaries.booster_attributes import choice, flag, integer, number
from sqlml.zoo.models.dictionaries.keras_parameters import (
    ACTIVATIONS,
    HIDDEN_LAYERS,
    HIDDEN_UNITS,
    TRAINING,
)


def units(name: str, default: tuple[int, ...], doc: str) -> Attribute:
    """The sizes of several layers."""
    return replace(HIDDEN_UNITS, name=name, default=default, doc=doc, required=False)


def stack(
    default: tuple[int, ...], kind: str = "rnn", *, both_ways: bool = False
) -> tuple[Attribute, ...]:
    """Recurrent layers, one upon another."""
    return (
        units("stack_units", default, "The units of each recurrent layer: `[64, 32]`."),
        choice("model_type", kind, ("rnn", "lstm", "gru"), "The kind of recurrent layers."),
        flag("bidirectional", both_ways, "Read sequences backwards as well."),
    )


_HIDDEN = integer("hidden_size", 64, 1, "Units of the hidden layer behind the recurrent ones.")
SEQUENCE_CLASSES = (*stack((32,)), _HIDDEN)
BOTH_WAYS = (*stack((32,), "lstm", both_ways=True), _HIDDEN)
_WINDOW = (
    replace(integer("n_in", None, 1, "How many values of the past a row has."), required=True),
    integer("n_out", None, 1, "How many values it is to tell. Labels are counted: a check only."),
)
SERIES = (*_WINDOW, *stack((500, 500)))
LSTM_SERIES = (*_WINDOW, *stack((500, 500), "lstm"))
FUNCTIONAL = (
    units("hidden_units", (128, 64), HIDDEN_UNITS.doc),
    *(HIDDEN_LAYERS[name] for name in HIDDEN_LAYERS if name != "hidden_units"),
)
SEARCH = (
    integer("layer_size", 50, 1, "The units of each hidden layer."),
    *(HIDDEN_LAYERS[name] for name in ("activation_fn", "dropout")),
    number(
        "complexity_penalty",
        0.01,
        0,
        "What a network costs, times the root of its hidden layers and its weight in the ensemble.",
        "adanet_lambda",
    ),
    integer("max_iterations", 10, 1, "The most networks that the ensemble may get."),
    integer("search_every_n_steps", 1000, 1, "How many steps the candidates are trained for."),
)
SEARCH_TRAINING = Dictionary(
    replace(
        attribute,
        default=None,
        doc="How long candidates are trained, if that is shorter than `search_every_n_steps`.",
    )
    if attribute.name == "epoch"
    else attribute
    for attribute in TRAINING.values()
    if attribute.name not in ("early_stopping_rounds", "max_steps")
)
CLUSTERS = (
    integer("n_clusters", 10, 2, "How many clusters there are."),
    units(
        "pretrain_dims", (100, 100, 10), "The units of the encoder's layers; the last: the code."
    ),
    choice("pretrain_activation_func", "relu", ACTIVATIONS, "The activation of the autoencoder."),
    integer("pretrain_epochs", 50, 1, "How long the autoencoder is trained."),
    number("pretrain_lr", 0.1, 0, "The learning rate of the autoencoder.", above=True),
    number("train_lr", 0.1, 0, "The learning rate of code and centres.", above=True),
    integer("train_max_iters", 8000, 0, "The most steps of code and centres together."),
    integer("update_interval", 100, 1, "Steps between two updates of what is aimed at."),
    WithoutEffect("pretrain_batch_size", doc="`train.batch_size` is that of all steps"),
    WithoutEffect("train_batch_size", doc="`train.batch_size` is that of all steps"),
    WithoutEffect("kmeans_init", doc="k-means begins 20 times"),
    WithoutEffect("pretrain_initializer", doc="layers begin as Keras begins them"),
    *(
        WithoutEffect(name, doc="the autoencoder is trained for `model.pretrain_epochs`")
        for name in (
            *("pretrain_use_callbacks", "pretrain_cbearlystop_patience"),
            *("pretrain_cbearlystop_mindelta", "pretrain_cbreduce_patience"),
            "pretrain_cbreduce_factor",
        )
    ),
    WithoutEffect("train_use_tol", doc="training stops at `model.tol`; with 0, when all is still"),
    WithoutEffect("loss", doc="it is the divergence of Kullback and Leibler"),
    choice("run_pretrain", True, (True,), "The autoencoder is always trained first."),
    choice("existed_pretrain_model", None, (None,), "The autoencoder is always trained here."),
    number("tol", 0.001, 0, "Stop if no more than this share of rows changed cluster.", maximum=1),
)
CLUSTERS_TRAINING = TRAINING.only("seed", "verbose").merge(
    Dictionary(
        (
            integer("batch_size", 256, 1, "Rows of a step."),
            WithoutEffect("epoch", doc="see `model.pretrain_epochs` and `model.train_max_iters`"),
        )
    )
)

"""The attributes of Keras models: `model.*`, `loss.*` and `train.*`."""

from dataclasses import replace

from sqlml.zoo.attributes import Attribute, Dictionary, WithoutEffect
from sqlml.zoo.models.dictionaries.booster_attributes import choice, flag, integer, number, reserved
from sqlml.zoo.models.dictionaries.keras_optimizers import OPTIMIZERS
from sqlml.zoo.settings import TRAIN

ACTIVATIONS = (
    *("relu", "elu", "exponential", "gelu", "hard_sigmoid", "leaky_relu", "linear", "mish"),
    *("relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh"),
)
CROSS_ENTROPY = "cross_entropy"
CLASSIFICATION_LOSSES = (CROSS_ENTROPY, "focal")
REGRESSION_LOSSES = (
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "log_cosh",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
)
CLASSES = integer(
    "n_classes", None, 2, "How many classes there are. They are counted: this is a check only."
)
HIDDEN_UNITS = Attribute(
    "hidden_units",
    ("integer",),
    doc="The units of each hidden layer, first layer first: `[64, 32]`.",
    minimum=1,
    several=True,
    required=True,
)
ACTIVATION = choice(
    "activation_fn", "relu", ACTIVATIONS, "The activation of hidden units.", "activation"
)
DROPOUT = number(
    "dropout",
    None,
    0,
    "The share of hidden units that each training step leaves out.",
    maximum=1,
    below=True,
)
BATCH_NORM = flag("batch_norm", False, "Normalize the outputs of hidden layers over each batch.")
HIDDEN_LAYERS = Dictionary((HIDDEN_UNITS, ACTIVATION, DROPOUT, BATCH_NORM))


def sparse_combiner(name: str = "sparse_combiner") -> Attribute:
    """What becomes of the weights of a row's categories in a linear model."""
    doc = "How the weights of several categories of a feature become one."
    return choice(name, "sum", ("sum", "mean", "sqrtn"), doc)


def optimizer(default: str, name: str = "optimizer") -> Attribute:
    """The choice of an optimizer."""
    return choice(name, default, tuple(OPTIMIZERS), f"How weights are changed: see `{name}.*`.")


def classification_loss() -> Attribute:
    return choice("loss", CROSS_ENTROPY, CLASSIFICATION_LOSSES, "What training makes small.")


def regression_loss() -> Attribute:
    return choice("loss", REGRESSION_LOSSES[0], REGRESSION_LOSSES, "What training makes small.")


CLASSIFICATION_LOSS = Dictionary(
    (
        number(
            "label_smoothing",
            0.0,
            0,
            "The share of each label that is spread over all classes.",
            maximum=1,
            below=True,
        ),
        number("gamma", 2.0, 0, "How much less rows count that are right already (focal)."),
        number("alpha", 0.25, 0, "The weight of all classes (focal).", maximum=1),
        WithoutEffect("from_logits", doc="the loss is measured as the model's outputs need it"),
    )
)
REGRESSION_LOSS = Dictionary(
    (
        number(
            "delta", 1.0, 0, "From which error on a larger one counts linearly (huber).", above=True
        ),
    )
)

_CHECKPOINTS = "a model is kept when its training is complete"
_VALIDATING = "rows to validate on are measured after each epoch"
TRAINING = TRAIN.only("batch_size", "max_steps", "weight", "seed").merge(
    Dictionary(
        (
            replace(TRAIN["epoch"], aliases=("epochs",)),
            replace(
                TRAIN["verbose"], doc="Taken for SQLFlow's sake: every epoch is measured anyway."
            ),
            replace(
                TRAIN["early_stopping_rounds"],
                aliases=("patience",),
                doc="Stop after this many epochs without a better loss on the rows to validate on, "
                "and keep the best.",
            ),
            WithoutEffect("save_checkpoints_steps", doc=_CHECKPOINTS),
            WithoutEffect("num_workers", doc="one machine uses threads instead"),
            WithoutEffect("log_every_n_iter", doc="progress is shown all the time"),
        )
    )
)
CLASS_WEIGHT = TRAIN.only("class_weight")
LABELS = WithoutEffect("label_dimension", doc="labels are counted")
LABEL_VOCABULARY = WithoutEffect("label_vocabulary", doc="classes are found in the label")
WEIGHT_COLUMN = reserved("weight_column", "write `train.weight = column`")
OF_ESTIMATORS = (
    WithoutEffect("loss_reduction", doc="the loss is the mean over the rows of a batch"),
    WithoutEffect("model_dir", doc="a model is kept under the name that INTO gives it"),
    WithoutEffect("config", doc="one machine trains, with the cores and memory that it has"),
    WithoutEffect("input_layer_partitioner", doc="one machine holds all weights"),
    reserved("warm_start_from", "write `USING model`"),
)
VALIDATION = Dictionary(
    (
        WithoutEffect("steps", doc="all rows to validate on are measured"),
        WithoutEffect("start_delay_secs", doc=_VALIDATING),
        WithoutEffect("throttle_secs", doc=_VALIDATING),
    )
)

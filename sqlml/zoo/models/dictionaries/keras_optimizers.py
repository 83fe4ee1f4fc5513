"""The attributes of Keras' optimizers (`optimizer.*`), as of Keras 3.

Without `loss_scale_factor`, which is for half precision.
"""

from collections.abc import Mapping

from sqlml.zoo.attributes import Attribute, Dictionary
from sqlml.zoo.models.dictionaries.booster_attributes import flag, integer, number


def _rate(default: float) -> Attribute:
    return number(
        "learning_rate", default, 0, "How far one step goes against the gradient.", above=True
    )


def _decay(name: str, default: float, doc: str) -> Attribute:
    """A number in [0, 1)."""
    return number(name, default, 0, doc, maximum=1, below=True)


def _strength(name: str, doc: str) -> Attribute:
    return number(name, 0.0, 0, doc)


_EPSILON = number("epsilon", 1e-7, 0, "A small number that keeps divisions from zero.")
_MOMENTUM = _decay("momentum", 0.0, "The share of the last step that the next one keeps.")
_START = number("initial_accumulator_value", 0.1, 0, "Where the sums of squared gradients start.")
_RHO = "How much of the running average of squared gradients is kept."
_BETA_1 = _decay("beta_1", 0.9, "How much of the running average of gradients is kept.")
_BETA_2 = _decay("beta_2", 0.999, _RHO)

_SHARED = (
    number("weight_decay", None, 0, "The share of every weight that is taken off per step."),
    number("clipnorm", None, 0, "The largest norm of each weight's gradient.", above=True),
    number("clipvalue", None, 0, "The largest value in a gradient.", above=True),
    number("global_clipnorm", None, 0, "The largest norm of all gradients together.", above=True),
    flag("use_ema", False, "Keep the moving average of the weights, and use it in the end."),
    _decay("ema_momentum", 0.99, "How much of the moving average is kept per step."),
    integer("ema_overwrite_frequency", None, 1, "After how many steps the average is taken over."),
    integer("gradient_accumulation_steps", None, 2, "How many batches make one step."),
)

OPTIMIZERS: Mapping[str, Dictionary] = {
    name: Dictionary((*own, *_SHARED))
    for name, own in {
        "Adadelta": (_rate(0.001), _decay("rho", 0.95, _RHO), _EPSILON),
        "Adagrad": (_rate(0.001), _START, _EPSILON),
        "Adam": (
            _rate(0.001),
            _BETA_1,
            _BETA_2,
            _EPSILON,
            flag("amsgrad", False, "Keep the largest average of squared gradients (AMSGrad)."),
        ),
        "Adamax": (_rate(0.001), _BETA_1, _BETA_2, _EPSILON),
        "Ftrl": (
            _rate(0.001),
            number(
                "learning_rate_power",
                -0.5,
                None,
                "How the learning rate falls; 0: it does not.",
                maximum=0,
            ),
            _START,
            _strength("l1_regularization_strength", "Weight of the L1 penalty."),
            _strength("l2_regularization_strength", "Weight of the L2 penalty."),
            _strength("l2_shrinkage_regularization_strength", "Weight of the L2 penalty on steps."),
            _strength("beta", "Added to the sum that the learning rate is divided by."),
        ),
        "Nadam": (_rate(0.001), _BETA_1, _BETA_2, _EPSILON),
        "RMSprop": (
            _rate(0.001),
            _decay("rho", 0.9, _RHO),
            _MOMENTUM,
            _EPSILON,
            flag("centered", False, "Divide by the gradients' variance in place of their square."),
        ),
        "SGD": (
            _rate(0.01),
            _MOMENTUM,
            flag("nesterov", False, "Look ahead by one step (Nesterov momentum)."),
        ),
    }.items()
}


def every_attribute() -> Dictionary:
    """What any optimizer takes. Ranges and defaults are those of the first that has it."""
    found: dict[str, Attribute] = {}
    for dictionary in OPTIMIZERS.values():
        for name, attribute in dictionary.items():
            found.setdefault(name, attribute)
    return Dictionary(found.values())

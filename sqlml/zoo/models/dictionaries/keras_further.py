"""The attributes of the Keras models that SQLFlow programs know as `sqlflow_models.*`."""

from dataclasses import replace

from sqlml.zoo.attributes import Attribute
from sqlml.zoo.models.dictionaries.booster_attributes import choice, flag, integer
from sqlml.zoo.models.dictionaries.keras_parameters import HIDDEN_LAYERS, HIDDEN_UNITS


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
SERIES = (
    replace(integer("n_in", None, 1, "How many values of the past a row has."), required=True),
    integer("n_out", None, 1, "How many values it is to tell. Labels are counted: a check only."),
    *stack((500, 500)),
)
FUNCTIONAL = (
    units("hidden_units", (128, 64), HIDDEN_UNITS.doc),
    *(HIDDEN_LAYERS[name] for name in HIDDEN_LAYERS if name != "hidden_units"),
)

"""Keras' networks in a plain script: their layers, one after the other."""

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any

from sqlml.codegen.python.families.tabular import columns
from sqlml.codegen.python.features.block import Block
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model
from sqlml.zoo.models.keras import DEEP, LINEAR, chosen

_DEEP = ("DNNClassifier", "DNNRegressor", "dnnclassifier_functional_model")
_LINEAR = ("LinearClassifier", "LinearRegressor")
_COMBINED = ("DNNLinearCombinedClassifier", "DNNLinearCombinedRegressor")
_RECURRENT = ("StackedRNNClassifier", "StackedBiLSTMClassifier")
_KNOWN = (*_DEEP, *_LINEAR, *_COMBINED, *_RECURRENT)
_LAYERS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
_PREFIXES = {LINEAR: "linear_", DEEP: "dnn_"}
_LOSSES = {
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
}


class Keras:
    """See model.Family."""

    def refusals(self, model: Model) -> Iterator[str]:
        if _kind(model) not in _KNOWN:
            yield f"of Keras' networks it knows {', '.join(_KNOWN)}, not `{_kind(model)}`"

    def imports(self, model: Model) -> Iterator[str]:
        yield from ()

    def matrix(self, model: Model) -> Iterator[str]:
        yield "return {"
        for target in dict.fromkeys(block.target for block in model.features):
            own = [block for block in model.features if block.target == target]
            rest = [block for block in own if not _is_looked_up(model, block)]
            name = f"{_PREFIXES.get(target, '')}numbers"
            if rest:
                head, *lines = columns(rest, literal("float32"), sparse=False)
                yield f'    "{name}": {head}'
                yield from (f"    {line}" for line in lines[:-1])
                yield f"    {lines[-1]},"
            else:
                yield f'    "{name}": np.zeros((len(rows), 1), "float32"),'
            yield from (f"    **{_ids(model, one)}," for one in own if _is_looked_up(model, one))
        yield "}"

    def fit(self, model: Model) -> Iterator[str]:
        yield f"keras.utils.set_random_seed({model.seed})"
        yield "inputs = network_inputs(matrix)"
        yield f"outputs = {_outputs(model)}"
        yield from _network(model)
        settings = model.train.settings
        how = {
            "epochs": literal(settings.get("epoch") or 1),
            "size": literal(settings.get("batch_size") or 32),
            "seed": str(model.seed),
        }
        if model.weights:
            how["weights"] = model.weights
        if model.held and settings.get("early_stopping_rounds"):
            how["held"] = "(held_matrix, aims(held_label, outputs))"
            how["patience"] = literal(settings["early_stopping_rounds"])
        yield call("fit_network", model.name, "matrix", "aims(label, outputs)", **how)

    def predicted(self, model: Model, matrix: str) -> str:
        values = call("said", model.name, matrix)
        return call("likeliest", values, model.label) if model.task == "classification" else values

    def chances(self, model: Model, matrix: str) -> str:
        if model.task != "classification":
            return ""
        return call("of_each_class", call("said", model.name, matrix))

    def extra(self, model: Model, name: str, matrix: str) -> str:
        return ""


FAMILY = Keras()


def _kind(model: Model) -> str:
    return model.train.estimator.removeprefix("keras.")


def _value(model: Model, name: str) -> Any:
    """A parameter's value, its default if it is not given."""
    return model.train.parameters.get(name, model.known.parameters[name].default)


def _outputs(model: Model) -> str:
    return call("outputs_for", model.label) if model.task == "classification" else "1"


# --- inputs ---------------------------------------------------------------------------------------


def _is_looked_up(model: Model, block: Block) -> bool:
    """Whether its ids have vectors, or in a linear model weights."""
    if block.spec["function"] == "EMBEDDING":
        return True
    is_linear = _kind(model) in _LINEAR or block.target == LINEAR
    return is_linear and block.is_sparse and block.spec["function"] != "TFIDF"


def _name(model: Model, block: Block) -> str:
    """What the inputs of a feature are called."""
    place = model.features.index(block)
    found: list[str] = []
    for one in model.features[: place + 1]:
        label = "".join(c if c.isalnum() and c.isascii() else "_" for c in _label(one.spec))
        name = f"{_PREFIXES.get(one.target, '')}{label}"
        found.append(name if name not in found else f"{name}_{len(found)}")
    return found[-1]


def _label(spec: Any) -> str:
    match spec:
        case {"column": str(name)}:
            return name
        case {"of": of} | {"column": of}:
            return _label(of)
        case {"parts": parts}:
            return "_".join(map(_label, parts))
        case _:
            return "feature"


def _ids(model: Model, block: Block) -> str:
    combiner = "sum"
    if block.spec["function"] == "EMBEDDING":
        combiner = block.spec.get("combiner") or "sum"
    elif _kind(model) in _LINEAR:
        combiner = str(_value(model, "sparse_combiner"))
    elif block.target == LINEAR:
        combiner = str(_value(model, "linear_sparse_combiner"))
    named = {} if combiner == "sum" else {"combiner": literal(combiner)}
    function = "sequence" if _is_sequence(block) else "looked_up"
    return call(function, literal(_name(model, block)), block.text, **named)


def _is_sequence(block: Block) -> bool:
    of = block.spec.get("of")
    return isinstance(of, Mapping) and of.get("function") == "SEQ_CATEGORY_ID"


# --- layers ---------------------------------------------------------------------------------------


def _network(model: Model) -> Iterator[str]:
    """From `inputs` to a network that is ready to be fitted."""
    kind, name = _kind(model), model.name
    if kind in _DEEP:
        yield from _deep(model, "", "")
    elif kind in _LINEAR:
        yield from _linear(model, "")
        yield "values = linear"
    elif kind in _RECURRENT:
        yield from _recurrent(model)
    else:
        yield from _both(model)
    targets = {block.target for block in model.features}
    is_double = {LINEAR, DEEP} <= targets
    told = "as_chances(values)" if model.task == "classification" else "values"
    yield f"{name} = {call('TwoParts' if is_double else 'keras.Model', 'inputs', told)}"
    which = "optimizer"
    if kind in _COMBINED:
        which = "dnn_optimizer" if DEEP in targets else "linear_optimizer"
    yield f"{name}.{call('compile', _optimizer(model, which), _loss(model))}"
    if is_double:
        yield f"{name}.linear_optimizer = {_optimizer(model, 'linear_optimizer')}"


def _both(model: Model) -> Iterator[str]:
    targets = {block.target for block in model.features}
    if LINEAR in targets:
        yield from _linear(model, LINEAR)
    if DEEP in targets:
        yield from _deep(model, DEEP, "dnn_")
    if len(targets) > 1:
        yield "values = keras.layers.Add()([linear, values])"
    elif LINEAR in targets:
        yield "values = linear"


def _numbers(model: Model, target: str) -> str:
    """The numbers and the vectors of a target, beside each other."""
    numbers = f'inputs["{_PREFIXES.get(target, "")}numbers"]'
    vectors = [
        _embedding(model, block)
        for block in model.features
        if block.target == target
        and block.spec["function"] == "EMBEDDING"
        and not (_is_sequence(block) and _kind(model) in _RECURRENT)
    ]
    if not vectors:
        return numbers
    return call("keras.layers.Concatenate()", f"[{', '.join([numbers, *vectors])}]")


def _embedding(model: Model, block: Block, function: str = "embedding") -> str:
    told = [literal(_name(model, block)), block.width, str(block.spec["dimension"])]
    if block.spec.get("initializer"):
        told.append(literal(block.spec["initializer"]))
    return call(function, "inputs", *told)


def _deep(model: Model, target: str, prefix: str) -> Iterator[str]:
    yield f"values = {_numbers(model, target)}"
    activation = _value(model, f"{prefix}activation_fn") or "relu"
    for units in _value(model, f"{prefix}hidden_units"):
        layer = call("keras.layers.Dense", str(units), activation=literal(activation))
        yield f"values = {layer}(values)"
        if dropout := _value(model, f"{prefix}dropout"):
            yield f"values = keras.layers.Dropout({dropout})(values)"
        if _value(model, f"{prefix}batch_norm"):
            yield "values = keras.layers.BatchNormalization()(values)"
    yield "values = keras.layers.Dense(outputs)(values)"


def _linear(model: Model, target: str) -> Iterator[str]:
    named = {"kernel_initializer": literal("zeros"), "name": literal("linear")}
    dense = call("keras.layers.Dense", "outputs", **named)
    yield f"linear = {dense}({_numbers(model, target)})"
    sums = [
        call("embedding", "inputs", literal(_name(model, one)), one.width, "outputs", '"zeros"')
        for one in model.features
        if one.target == target
        and _is_looked_up(model, one)
        and one.spec["function"] != "EMBEDDING"
    ]
    if sums:
        yield f"linear = keras.layers.Add()([{', '.join(['linear', *sums])}])"


def _recurrent(model: Model) -> Iterator[str]:
    sequences = [block for block in model.features if _is_sequence(block)]
    ends = [f"end_{number}" for number, _ in enumerate(sequences, 1)]
    for block, end in zip(sequences, ends, strict=True):
        yield f"{end}, mask = {_embedding(model, block, 'stepwise')}"
        sizes = _value(model, "stack_units")
        for number, size in enumerate(sizes, 1):
            named = {} if number == len(sizes) else {"return_sequences": "True"}
            layer = call(f"keras.layers.{_LAYERS[_value(model, 'model_type')]}", str(size), **named)
            if _value(model, "bidirectional"):
                layer = call("keras.layers.Bidirectional", layer)
            yield f"{end} = {layer}({end}, mask=mask)"
    if len(sequences) < len(model.features):
        ends.append(_numbers(model, ""))
    told = ends[0] if len(ends) == 1 else call("keras.layers.Concatenate()", f"[{', '.join(ends)}]")
    size = _value(model, "hidden_size")
    yield f'values = keras.layers.Dense({size}, activation="relu")({told})'
    yield "values = keras.layers.Dense(outputs)(values)"


# --- training -------------------------------------------------------------------------------------


def _optimizer(model: Model, which: str) -> str:
    parameters: Any = model.train.parameters
    name, given = chosen(model.known, parameters, which), _given(model, which)
    rate = _usual_rate(model, which, name)
    if rate:
        given = {"learning_rate": rate, **given}
    return call(f"keras.optimizers.{name}", **{key: literal(v) for key, v in given.items()})


def _usual_rate(model: Model, which: str, name: str) -> float | None:
    """The learning rate of TensorFlow's estimators, where it is not Keras' own."""
    kind = _kind(model)
    is_linear = kind in _LINEAR or which == "linear_optimizer"
    if is_linear and name == "Ftrl":
        own = [one for one in model.features if which == "optimizer" or one.target == LINEAR]
        most = 0.2 if kind in _LINEAR else 0.005
        return min(most, 1 / sqrt(max(len(own), 1)))
    is_estimator = kind in ("DNNClassifier", "DNNRegressor") or which == "dnn_optimizer"
    return 0.05 if is_estimator and name == "Adagrad" else None


def _loss(model: Model) -> str:
    given = {name: literal(value) for name, value in _given(model, "loss").items()}
    loss = str(model.train.parameters.get("loss") or "mean_squared_error")
    if model.task == "classification":
        return call("focal_loss" if loss == "focal" else "cross_entropy", "outputs", **given)
    return call(f"keras.losses.{_LOSSES[loss]}", **given)


def _given(model: Model, namespace: str) -> dict[str, Any]:
    return {
        name.removeprefix(f"{namespace}."): value
        for name, value in model.train.parameters.items()
        if name.startswith(f"{namespace}.") and value is not None
    }

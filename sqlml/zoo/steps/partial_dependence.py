"""Partial dependence: the mean prediction when one column has the same value in all rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError, did_you_mean
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.features.kinds import Kind
from sqlml.zoo.steps.dataset import Roles
from sqlml.zoo.steps.explainers import value_type
from sqlml.zoo.steps.importance_plots import draw_dependence
from sqlml.zoo.steps.measure import said
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.probe import Probe, probe

DEFAULT_GRID = 20
MOST_PREDICTIONS = 2_000_000
FEWEST_ROWS = 100
MOST_ROWS = 10_000
SEED = 0
RANGE = (0.05, 0.95)  # quantiles between which a number is varied, as scikit-learn does

Floats = NDArray[np.float64]


def explain_by_dependence(
    context: Context,
    bundle: Bundle,
    rows: Rows,
    settings: Mapping[str, Any],
    *,
    into: str | None,
    model: str,
) -> Outcome:
    """A table `feature, value, prediction`; a class's probability has the class in front.

    value: a number where all features asked for are numbers, else text. With two classes, the
    prediction is the probability of the second one. Without `into`, a plot too.

    Raises:
        StepError: there are no rows, or a feature is none of the model's or cannot be varied.
    """
    places = _places(bundle, settings.get("features") or ())
    grid = settings.get("grid") or DEFAULT_GRID
    most = int(np.clip(MOST_PREDICTIONS // (grid * len(places)), FEWEST_ROWS, MOST_ROWS))
    taken = probe(context, bundle, rows, Roles(), most=most, seed=SEED)
    names, responses = _outputs(bundle, taken)
    references = bundle.pipeline.references
    columns: dict[str, list[Any]] = {"feature": [], "value": [], "class": [], "prediction": []}
    for done, place in enumerate(places, 1):
        feature, kind = references[place].name, references[place].kind
        for value in grid_of(feature, taken.inputs.column(place), grid):
            constant = pa.repeat(value, taken.rows)
            means = responses(taken.replaced(place, constant)).mean(axis=0)
            columns["feature"] += [feature] * len(names)
            columns["value"] += [_shown(value, kind)] * len(names)
            columns["class"] += names
            columns["prediction"] += means.tolist()
        context.progress(done, len(places), "features")
    types = [references[place].type for place in places]
    table = _table(columns, is_text=value_type(types) == "VARCHAR", alone=names == [""])
    outputs = {}
    if into is None:
        context.result(table)
        outputs = draw_dependence(context, columns, model)
    else:
        context.write(into, table)
    return Outcome(
        summary=f"{len(places):,} feature{'s' * (len(places) > 1)} on {taken.shown_rows}",
        outputs=outputs,
        rows=table.num_rows,
    )


def grid_of(feature: str, column: pa.Array, most: int) -> list[pa.Scalar]:
    """The values that a column is given, about `most` of them, of the column's own type.

    All of its values where they are that few; else evenly spaced ones between its 5 % and 95 %
    quantiles, of text the most frequent ones.

    Raises:
        StepError: it holds neither numbers, times, nor text.
    """
    if pa.types.is_nested(column.type):
        raise _not_varied(feature)
    counted = pc.value_counts(_plain(column).drop_null())
    values, counts = counted.field("values"), counted.field("counts")
    if pa.types.is_floating(values.type):
        values = values.filter(pc.is_finite(values))
        counts = counts.slice(0, len(values))
    if len(values) <= most:
        return list(values.take(pc.sort_indices(values)))
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        order = pc.sort_indices(counts, sort_keys=[("", "descending")])
        return list(values.take(order[:most]))
    return list(_spaced(feature, column.drop_null(), most))


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _spaced(feature: str, column: pa.Array, most: int) -> pa.Array:
    kind = column.type
    if pa.types.is_temporal(kind):
        width = pa.int32() if pa.types.is_date32(kind) or pa.types.is_time32(kind) else pa.int64()
        return _spaced(feature, column.view(width), most).cast(width).view(kind)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise _not_varied(feature)
    numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    low, high = np.quantile(numbers[np.isfinite(numbers)], RANGE)
    points = np.linspace(low, high, most)
    if not pa.types.is_floating(kind):
        points = np.unique(np.round(points))
    return pa.array(points).cast(kind, safe=False)


def _places(bundle: Bundle, features: Sequence[str]) -> list[int]:
    """The numbers of the columns to vary; without names, of all."""
    known = [name.casefold() for name in bundle.pipeline.columns]
    for name in features:
        if name.casefold() not in known:
            hint = did_you_mean(name, bundle.pipeline.columns)
            hint = hint or f"columns: {', '.join(bundle.pipeline.columns[:10])}"
            raise _problem(f"the model has no feature made of a column `{name}`", hint)
    return [known.index(name.casefold()) for name in features] or list(range(len(known)))


def _outputs(bundle: Bundle, taken: Probe) -> tuple[list[str], Any]:
    """The names of what is predicted (one empty name for one value), and how it is computed."""
    manifest = bundle.manifest

    def predicted(inputs: pa.RecordBatch) -> Any:
        likely = manifest.task == "classification"
        return said(bundle.estimator, bundle.pipeline.transform(inputs), likely=likely)

    if manifest.task == "classification":
        names = list(manifest.labels[0].class_names)
        numbers = np.arange(len(names))[1 if len(names) == 2 else 0 :]

        def chances(inputs: pa.RecordBatch) -> Floats:
            classes, given = predicted(inputs)
            return np.asarray(classes[:, None] == numbers if given is None else given[:, numbers])

        return [names[number] for number in numbers], chances
    if manifest.task in ("clustering", "outliers"):
        groups = np.unique(predicted(taken.inputs)[0])
        return [
            str(group) for group in groups
        ], lambda inputs: predicted(inputs)[0][:, None] == groups
    width = predicted(taken.inputs)[0].reshape(taken.rows, -1).shape[1]
    names = [label.name for label in manifest.labels] if len(manifest.labels) == width else []
    names = names or [str(number) for number in range(1, width + 1)]
    return ([""] if width == 1 else names), lambda inputs: predicted(inputs)[0].reshape(
        taken.rows, -1
    )


def _table(columns: Mapping[str, list[Any]], *, is_text: bool, alone: bool) -> pa.Table:
    values = columns["value"]
    shown = map(str, values) if is_text else map(float, values)
    arrays = {
        "feature": pa.array(columns["feature"], pa.string()),
        "value": pa.array(list(shown), pa.string() if is_text else pa.float64()),
        "class": pa.array(columns["class"], pa.string()),
        "prediction": pa.array(columns["prediction"], pa.float64()),
    }
    if alone:
        del arrays["class"]
    return pa.table(arrays)


def _shown(value: pa.Scalar, kind: Kind) -> Any:
    """A value of a column of that kind: numbers, and the rest as SQL shows it."""
    plain = value.as_py()
    if kind == "boolean":
        return "true" if plain else "false"
    if kind == "integer" and float(plain).is_integer():
        return int(plain)
    return plain if isinstance(plain, int | float) else str(plain)


def _not_varied(feature: str) -> StepError:
    return _problem(f"`{feature}` is of a type that cannot be varied", "name other columns")


def _problem(message: str, hint: str) -> StepError:
    return StepError(Diagnostic("E0592", message, hint=hint, about="attribute explain.features"))

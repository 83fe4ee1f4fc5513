"""What can be wrong with the data of a feature, said so that it can be mended."""

import math
from collections.abc import Sequence

from sqlml.errors import Diagnostic, StepError, did_you_mean
from sqlml.quoting import as_written
from sqlml.zoo.features.kinds import NUMBERS, Kind

LONGEST_SHOWN = 60


def missing_column(name: str, known: Sequence[str]) -> StepError:
    hint = did_you_mean(name, known) or f"the rows have: {', '.join(known[:20])}"
    message = f"column `{name}`, which a feature needs, is not among the rows' columns"
    return StepError(Diagnostic("E0431", message, hint=hint, about=f"column {name}"))


def wrong_type(name: str, found: str, wanted: str) -> StepError:
    message = f"column `{name}` is {found}, where {wanted} is needed"
    hint = f"convert it in the query, as with CAST({name} AS …)"
    return StepError(Diagnostic("E0432", message, hint=hint, about=f"column {name}"))


def empty_values(name: str, count: int, *, hint: str) -> StepError:
    rows = "1 row" if count == 1 else f"{count:,} rows"
    message = f"column `{name}` is empty (NULL or NaN) in {rows}"
    label = "this model needs a value in every row"
    return StepError(Diagnostic("E0433", message, label=label, hint=hint, about=f"column {name}"))


def hint_for_empty(name: str, kind: Kind) -> str:
    """The way out for a column with NULLs."""
    name = as_written(name)
    if kind in NUMBERS:
        filled = f"isfinite({name})" if kind == "float" else f"{name} IS NOT NULL"  # NaN is no NULL
        return f"use IMPUTE({name}, median), or add `WHERE {filled}`"
    return f"add `WHERE {name} IS NOT NULL`"


def nothing_to_learn(name: str, function: str) -> StepError:
    message = f"{function}({name}) has nothing to learn from: the column is empty in every row"
    hint = f"leave `{name}` out" + ", or give IMPUTE a value to use" * (function == "IMPUTE")
    return StepError(Diagnostic("E0434", message, hint=hint, about=f"column {name}"))


def nothing_left(name: str) -> StepError:
    message = f"nothing is left to learn from: column `{name}` is empty in every row"
    hint = "select columns that have values"
    return StepError(Diagnostic("E0434", message, hint=hint, about=f"column {name}"))


def infinite_value(name: str) -> StepError:
    message = f"column `{name}` holds a value that is infinite, or too large for the model"
    hint = f"add `WHERE isfinite({as_written(name)})`, or use NULL for it"
    return StepError(Diagnostic("E0435", message, hint=hint, about=f"column {name}"))


def no_logarithm(name: str, value: float) -> StepError:
    message = f"LOG({name}) has no value for {value:g}: only numbers above 0 have a logarithm"
    written = as_written(name)
    shift = 1 if value > -1 else math.ceil(1 - value)
    shifted = f"{written} + {shift:,} AS {written}"
    hint = f"add `WHERE {written} > 0`, or shift it in the query: `{shifted}`"
    return StepError(Diagnostic("E0436", message, hint=hint, about=f"column {name}"))


def outside(name: str, value: object, size: int, function: str) -> StepError:
    message = f"column `{name}` holds {shown(value)}, which is no id in [0, {size:,})"
    hint = f"give {function} a larger n, or use CATEGORY_HASH({name}, n) or VOCABULARY({name})"
    return StepError(Diagnostic("E0437", message, hint=hint, about=f"column {name}"))


def unreadable(name: str, value: object, wanted: str, *, hint: str = "") -> StepError:
    message = f"column `{name}` holds {shown(value)}, which is not {wanted}"
    return StepError(Diagnostic("E0438", message, hint=hint, about=f"column {name}"))


def ragged(name: str, lengths: tuple[int, int], example: object, *, hint: str = "") -> StepError:
    message = (
        f"column `{name}` has {lengths[0]:,} numbers in some rows and {lengths[1]:,} in others,"
        f" as in {shown(example)}"
    )
    hint = hint or "every row needs as many numbers; leave the others out with WHERE"
    return StepError(Diagnostic("E0439", message, hint=hint, about=f"column {name}"))


def key_value_text(name: str, example: object) -> StepError:
    message = f"column `{name}` holds pairs of key and value, as in {shown(example)}"
    hint = f"use SPARSE({name}, shape), or VOCABULARY({name}) if each text is one category"
    return StepError(Diagnostic("E0440", message, hint=hint, about=f"column {name}"))


def mixed_text(name: str, example: object) -> StepError:
    message = f"column `{name}` holds lists of numbers in some rows, but also {shown(example)}"
    hint = f"mend those rows, or use VOCABULARY({name}) if each text is one category"
    return StepError(Diagnostic("E0441", message, hint=hint, about=f"column {name}"))


def too_wide(name: str, width: int, most: int) -> StepError:
    message = f"the features would be {width:,} columns wide; this model takes up to {most:,}"
    label = f"most of them come from `{name}`"
    hint = f"use a smaller n, as in CATEGORY_HASH({name}, 100), or leave the column out"
    return StepError(Diagnostic("E0442", message, label=label, hint=hint, about=f"column {name}"))


def shown(value: object) -> str:
    """A value as in a program, cut if long."""
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST_SHOWN else value[: LONGEST_SHOWN - 1] + "…"
        return "'" + cut.replace("'", "''") + "'"
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"

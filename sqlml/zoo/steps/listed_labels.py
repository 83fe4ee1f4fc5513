"""Labels whose values list several numbers: as many in every row."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier, subquery
from sqlml.zoo import arrow_compute as pc
from sqlml.zoo.context import Context
from sqlml.zoo.label import Label


def with_length(context: Context, query: str, label: Label) -> Label:
    """The label, and how many numbers its values list; as it is where they are single numbers.

    Raises:
        StepError: E0650, a value lists no numbers; E0651, rows list more of them than others.
    """
    if label.kind not in ("list", "text"):
        return label
    column, numbers = identifier(label.name), label.list_expression
    length = f"len({numbers})"
    is_broken = f"list_count({numbers}) < {length} OR {length} = 0"
    found = context.table(
        f"SELECT min({length}) AS least, max({length}) AS most, "
        f"CAST(arg_max({column}, {length}) AS VARCHAR) AS longest, "
        f"CAST(any_value({column}) FILTER ({is_broken}) AS VARCHAR) AS broken, "
        f"coalesce(bool_or({is_broken}), false) AS is_broken FROM {subquery(query)}"
    ).to_pylist()[0]
    if found["is_broken"]:
        raise StepError(
            Diagnostic(
                "E0650",
                f"column `{label.name}` holds `{found['broken']}`, which lists no numbers",
                label="a label of several numbers is a list, or text such as 1.2,3.4",
                hint="leave those rows out, or train a classifier if the label is a category",
                about="label",
            )
        )
    if found["least"] != found["most"]:
        raise _uneven(label, found["least"], found["most"], found["longest"])
    return label if found["least"] is None else replace(label, length=found["least"])


def refuse_other_lengths(label: Label, column: pa.ListArray) -> None:
    """Check that rows list as many numbers as those of the training.

    Raises:
        StepError: E0651.
    """
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    place = int(np.argmax(lengths != label.length))
    if len(lengths) and lengths[place] != label.length:
        raise _uneven(label, label.length or 0, int(lengths[place]), str(column[place].as_py()))


def _uneven(label: Label, expected: int, other: int, example: str) -> StepError:
    return StepError(
        Diagnostic(
            "E0651",
            f"column `{label.name}` lists {expected} numbers, and {other} in `{example}`",
            label="every row needs as many",
            hint=f"leave the other rows out: `len({label.identifier})` counts those of a list",
            about="label",
        )
    )

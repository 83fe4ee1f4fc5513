"""The columns of a query that a model needs."""

from collections.abc import Sequence

import pyarrow as pa

from sqlml.errors import Diagnostic, StepError, nearest
from sqlml.zoo.bundle import Bundle


def needed_columns(bundle: Bundle, schema: pa.Schema) -> tuple[str, ...]:
    """The columns that the model's features need, in their order, spelt as in the query.

    Raises:
        StepError: some are missing; one error lists them all.
    """
    return required(bundle.pipeline.columns, schema)


def required(names: Sequence[str], schema: pa.Schema) -> tuple[str, ...]:
    """The named columns, spelt as in the query.

    Raises:
        StepError: some are missing; one error lists them all.
    """
    spelt = spellings(names, schema)
    missing = [name for name in names if name not in spelt]
    if missing:
        raise _problem(missing, schema)
    return tuple(spelt[name] for name in names)


def spellings(names: Sequence[str], schema: pa.Schema) -> dict[str, str]:
    """Those of the names that the query has, in any case, to the query's spelling."""
    by_folded = {name.casefold(): name for name in reversed(schema.names)}
    return {name: by_folded[name.casefold()] for name in names if name.casefold() in by_folded}


def _problem(missing: Sequence[str], schema: pa.Schema) -> StepError:
    listed = ", ".join(f"`{name}`" for name in missing)
    close = nearest(missing[0], schema.names)
    return StepError(
        Diagnostic(
            "E0409",
            f"the query lacks {'a column' if len(missing) == 1 else 'columns'}"
            f" that the model needs: {listed}",
            label=f"did you mean `{close}`?" if close else "",
            hint="select them, renamed with AS where they have other names",
            about="query",
        )
    )

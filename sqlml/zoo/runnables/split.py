"""split: rows to train on and rows to test on, perhaps also rows to validate on."""

from sqlml.quoting import identifier, subquery
from sqlml.zoo.attributes import Attribute
from sqlml.zoo.runnables.contract import (
    Argument,
    ArgumentProblem,
    Options,
    Runnable,
    Sources,
    column_argument,
    values,
)
from sqlml.zoo.runnables.draw import SEED, STRATIFY, drawn

_WAYS = ("stratify", "time", "group")


def build(sources: Sources, options: Options, tables: int) -> tuple[str, ...]:
    """One table per part, or one of all rows with a column `part`."""
    parts = ["train", "test"]
    if options["validation"]:
        parts.insert(1, "validation")
    if tables not in (1, len(parts)):
        message = f"the rows are split into {', '.join(parts)}, and INTO names {tables} tables"
        hint = f"name {len(parts)} tables, or one for all with a column `part`"
        if tables == 3:
            hint = "give `--validation` its share, too"
        raise ArgumentProblem("E0246", message, hint)
    if options["test"] + options["validation"] >= 1:  # type: ignore[operator]
        raise ArgumentProblem("E0244", "nothing is left to train on", name="test")
    test, validation = (
        f"ceil({options[name]}::DOUBLE * sqlml_count)" for name in ("test", "validation")
    )
    part = (
        f"CASE WHEN sqlml_rank <= {test} THEN 'test'"
        f" WHEN sqlml_rank <= {test} + {validation} THEN 'validation' ELSE 'train' END AS part"
    )
    named = f"SELECT * EXCLUDE (sqlml_rank, sqlml_count), {part} FROM ({_ranked(sources, options)})"
    if tables == 1:
        return (named,)
    return tuple(f"SELECT * EXCLUDE (part) FROM ({named}) WHERE part = '{name}'" for name in parts)


def _ranked(sources: Sources, options: Options) -> str:
    """The rows with a rank and a count; the first ones are for the test."""
    given = [way for way in _WAYS if options[way]]
    if len(given) > 1:
        message = f"`--{given[0]}` and `--{given[1]}` exclude each other"
        raise ArgumentProblem("E0244", message, "keep one of the two", name=given[1])
    if options["time"]:
        latest = f"ORDER BY {identifier(str(options['time']))} DESC NULLS LAST"
        return (
            f"SELECT *, rank() OVER ({latest}) AS sqlml_rank, count(*) OVER () AS sqlml_count"
            f" FROM {subquery(sources.rows)}"
        )
    if options["group"]:
        group = identifier(str(options["group"]))
        ranked = (
            f"SELECT *, dense_rank() OVER (ORDER BY hash({options['seed']}, {group}), {group})"
            f" AS sqlml_rank FROM {subquery(sources.rows)}"
        )
        return f"SELECT *, max(sqlml_rank) OVER () AS sqlml_count FROM ({ranked})"
    return drawn(sources.rows, options["seed"], values(options, "stratify"))


SPLIT = Runnable(
    "split",
    "Splits rows into those to train on and those to test on: INTO train, test; with --validation"
    " INTO train, validation, test. One table gets all rows and a column `part`.",
    (
        Argument(
            Attribute(
                "test",
                ("number",),
                default=0.2,
                minimum=0,
                maximum=1,
                open_minimum=True,
                open_maximum=True,
                doc="The share of rows to test on, rounded up.",
            )
        ),
        Argument(
            Attribute(
                "validation",
                ("number",),
                default=0.0,
                minimum=0,
                maximum=1,
                open_maximum=True,
                doc="The share of rows to validate on, rounded up.",
            )
        ),
        STRATIFY,
        column_argument(
            "time", "Test on the latest rows by this column; rows of one moment stay together."
        ),
        column_argument(
            "group", "Rows with one value of this column stay together; shares are of the groups."
        ),
        SEED,
    ),
    build,
    most_tables=3,
)

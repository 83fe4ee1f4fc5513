"""sample: some of the rows, a number or a share of them, drawn by a seed."""

from sqlml.zoo.attributes import Attribute
from sqlml.zoo.runnables.contract import (
    Argument,
    ArgumentProblem,
    Options,
    Runnable,
    Sources,
    values,
)
from sqlml.zoo.runnables.draw import SEED, STRATIFY, drawn


def build(sources: Sources, options: Options, _tables: int) -> tuple[str, ...]:
    rows, share = options["rows"], options["share"]
    if (rows is None) == (share is None):
        message = "`sample` needs either `--rows` or `--share`"
        raise ArgumentProblem("E0245", message, "`--rows 1000` or `--share 0.1`", name="share")
    most = rows if share is None else f"round({share}::DOUBLE * sqlml_count)"
    ordered = drawn(sources.rows, options["seed"], values(options, "stratify"))
    return (
        f"SELECT * EXCLUDE (sqlml_rank, sqlml_count) FROM ({ordered}) WHERE sqlml_rank <= {most}",
    )


SAMPLE = Runnable(
    "sample",
    "Draws some of the rows, without replacement.",
    (
        Argument(Attribute("rows", ("integer",), minimum=0, doc="How many rows.")),
        Argument(Attribute("share", ("number",), minimum=0, maximum=1, doc="Which share of them.")),
        STRATIFY,
        SEED,
    ),
    build,
)

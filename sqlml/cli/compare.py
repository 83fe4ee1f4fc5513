"""`sqlml compare MODEL MODEL`: two stored models side by side."""

from typing import TYPE_CHECKING

import click

from sqlml.cli import options

if TYPE_CHECKING:
    import pyarrow as pa

    from sqlml.session import Session


@click.command()
@click.argument("one")
@click.argument("other")
@click.option("--on", "query", metavar="SQL", help="Evaluate both on the rows of a query.")
@click.option("--all", "everything", is_flag=True, help="Show what is equal, too.")
@options.db
@options.output
def compare(
    *, one: str, other: str, query: str | None, everything: bool, db: str | None, output: str
) -> None:
    """Compare two stored models (`m@1 m@2`): what differs in parameters, features, metrics, data.

    With --on, both are evaluated on the same rows.
    """
    from sqlml.cli.results import print_result

    with options.opened(db=db) as session:
        told = session.models.compare(one, other)
        if not everything:
            told = told.filter(_differs(told))
        print_result(told, output)
        if query is not None:
            click.echo()
            print_result(_measured(session, (one, other), query), output)


def _differs(told: "pa.Table") -> "pa.Array":
    """Which rows of a comparison are marked."""
    import pyarrow.compute as pc

    return pc.not_equal(told["differs"], "")


def _measured(session: "Session", names: tuple[str, str], query: str) -> "pa.Table":
    """The metrics of both models on the rows of a query: one row for each model."""
    import pyarrow as pa

    from sqlml.grammar.literals import quoted_name

    versions = [session.models.get(name) for name in names]
    program = ";\n".join(
        f"{query.rstrip().removesuffix(';')}\nTO EVALUATE {quoted_name(v.name)}@{v.number}"
        for v in versions
    )
    results = session.run(program, name="<--on>")
    tables = [result.to_arrow() for result in results]
    references = pa.array([version.reference for version in versions])
    return pa.concat_tables(tables, promote_options="default").add_column(0, "model", references)

"""`sqlml explain`: how the compiler sees a program, stage by stage."""

from collections.abc import Sequence

import click

from sqlml.cli import options


@click.command()
@options.program
@options.passes
@click.option("--after", metavar="STAGE", help="Show the program after one stage, in full.")
@click.option("--diff", is_flag=True, help="Show what each pass changes in the workflow.")
def explain(
    *,
    files: Sequence[str],
    texts: Sequence[str],
    db: str | None,
    dialect: str | None,
    pairs: Sequence[str],
    passes: str | None,
    after: str | None,
    diff: bool,
) -> None:
    """Show how the compiler sees a program, stage by stage; nothing runs.

    The stages are `tree`, `plan`, `workflow`, and then the optimizer's passes by name.
    """
    variables = options.read_variables(pairs)
    program = options.read_program(files, texts)
    from sqlml import stages

    with options.opened(db=db, dialect=dialect, passes=passes) as session:
        compiled = session.compile(program, variables)
        options.print_notes(compiled.plan.notes)
        if after is not None:
            click.echo(stages.after(compiled, after).rstrip())
        elif diff:
            click.echo(stages.differences(compiled))
        else:
            click.echo(stages.overview(compiled, session.forecast(compiled)))

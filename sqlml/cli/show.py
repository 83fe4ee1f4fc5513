"""`sqlml show MODEL|RUN`: a model's description, or what happened in a run."""

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError, did_you_mean

_RUN = """
SELECT step, operation, outcome, round(seconds, 2) AS seconds, threads,
       round(peak_memory / 1048576) AS peak_mib, message
FROM sqlml_steps WHERE run = '{run}' ORDER BY number
"""


@click.command()
@click.argument("name")
@options.db
@options.output
def show(name: str, db: str | None, output: str) -> None:
    """Show a stored model (`m`, `m@3`) or a run (`7f3a`)."""
    from sqlml.cli.results import print_result
    from sqlml.config import load_settings
    from sqlml.session import Session

    with Session.open(load_settings(db=db)) as session:
        runs = session.store.runs.names()
        if name in runs:
            print_result(session.database.table(_RUN.format(run=name)), output)
            return
        models = session.store.models.names()
        if name.partition("@")[0].casefold() not in {model.casefold() for model in models}:
            hint = did_you_mean(name, [*models, *runs]) or "see `sqlml models`"
            message = f"there is no model and no run `{name}`"
            raise ProgramError(Diagnostic("E0712", message, hint=hint))
        print_result(session.run(f"DESCRIBE MODEL {name}").to_arrow(), output)

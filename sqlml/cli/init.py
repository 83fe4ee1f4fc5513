"""`sqlml init`: a first project in the current folder."""

from pathlib import Path
from shlex import quote

import click

from sqlml.cli.files import write_file
from sqlml.errors import Diagnostic, ProgramError

_SETTINGS = """\
# Settings of this project; SQLML_* variables and flags come before them.
db = "sqlml.duckdb"
# threads = 0          # cores to use, 0 for all
# on_error = "continue"  # or "stop": what to do when a step fails
"""

_PROGRAM = """\
-- Made-up customers: who leaves? Replace this with a table of yours, or with a file:
-- CREATE TABLE customers AS SELECT * FROM 'customers.csv';
CREATE OR REPLACE TABLE customers AS
SELECT i AS id,
       (i * 7919) % 60 AS months,
       ['basic', 'plus', 'pro'][1 + (i * 31) % 3] AS plan,
       round(10 + (i * 104729) % 900 / 10, 2) AS bill,
       (i * 7919) % 60 < 12 AND (i * 104729) % 900 > 300 AS leaves
FROM range(1000) AS numbers(i);

SELECT * EXCLUDE (id) FROM customers WHERE id % 5 > 0
TO TRAIN xgboost.gbtree
WITH max_depth = 4, train.num_boost_round = 30, validation.split = 0.2
LABEL leaves
INTO leaving;

SELECT * FROM customers WHERE id % 5 = 0
TO PREDICT answers.leaves WITH predict.probability = TRUE USING leaving;

SELECT * FROM customers WHERE id % 5 = 0
TO EVALUATE leaving WITH validation.metrics = 'accuracy, roc_auc';

SELECT * FROM answers LIMIT 5;
"""

FILES = {"sqlml.toml": _SETTINGS, "first.sql": _PROGRAM}


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write sqlml.toml and a first program, first.sql, into FOLDER."""
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        message = f"`{folder / taken[0]}` exists already"
        raise ProgramError(
            Diagnostic("E0710", message, hint="name another folder: sqlml init FOLDER")
        )
    for name, text in FILES.items():
        write_file(folder / name, text)
        click.echo(f"  + {folder / name}")
    here = "" if folder == Path() else f"cd {quote(str(folder))} && "
    click.echo(f"next: {here}sqlml run first.sql")

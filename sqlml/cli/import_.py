"""`sqlml import FILE --as NAME`: a booster that was made elsewhere."""

from pathlib import Path

import click

from sqlml.cli import options


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "name", required=True, metavar="NAME", help="The model's name here.")
@click.option("--features", metavar="A,B,C", help="The columns' names, where the file has none.")
@click.option("--label", default="label", show_default=True, help="What the model predicts.")
@click.option("--classes", metavar="X,Y", help="What the classes are called (default: 0,1 …).")
@options.db
def import_(
    *,
    file: Path,
    name: str,
    features: str | None,
    label: str,
    classes: str | None,
    db: str | None,
) -> None:
    """Make a version of an XGBoost (JSON, UBJSON) or LightGBM (text) model file."""
    with options.opened(db=db, creates=True) as session:
        made = session.models.adopt(
            file, name, features=_listed(features), label=label, classes=_listed(classes)
        )
    click.echo(made)
    click.echo(f"  next: sqlml show {made}{options.on(db)}", err=True)


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()

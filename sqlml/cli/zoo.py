"""`sqlml zoo`: models shared over a folder or a URL."""

from datetime import datetime
from pathlib import Path

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError, did_you_mean


@click.group()
def zoo() -> None:
    """Share models over a folder or a URL (s3://…, memory://…): code, and trained ones."""


@zoo.command()
@click.argument("what", metavar="FILE|MODEL")
@click.option("--to", "url", required=True, metavar="URL", help="Where models are shared.")
@click.option("--name", metavar="NAME", help="What it is called there (default: its own name).")
@click.option("--description", default="", metavar="TEXT", help="What `sqlml zoo list` says.")
@options.db
def publish(*, what: str, url: str, name: str | None, description: str, db: str | None) -> None:
    """Publish a Python file, a package's folder, or a stored model (`m`, `m@3`, `m@champion`)."""
    from sqlml.store.exchange import Exchange

    exchange = Exchange(url)
    path = Path(what).resolve()
    if code := _code(path):
        entry = exchange.publish(name or path.stem, "code", code, description)
    else:
        with options.opened(db=db) as session:
            version = session.models.find(what)
            if version is None:
                raise _nothing(what, did_you_mean(what, session.store.models.names()))
            session.store.models.verify(version)
            files = _files(version.folder, version.folder)
            entry = exchange.publish(name or version.name, "model", files, description)
    click.echo(entry.reference)


@zoo.command("list")
@click.argument("url")
@options.output
def list_(*, url: str, output: str) -> None:
    """List what is published."""
    import pyarrow as pa

    from sqlml.cli.results import print_result
    from sqlml.store.exchange import Exchange

    schema = pa.schema({
        "name": pa.string(),
        "version": pa.int64(),
        "kind": pa.string(),
        "bytes": pa.int64(),
        "description": pa.string(),
        "published": pa.timestamp("s", "UTC"),
    })  # fmt: skip
    rows = [
        {
            "name": entry.name,
            "version": entry.version,
            "kind": entry.kind,
            "bytes": entry.bytes,
            "description": entry.description,
            "published": datetime.fromisoformat(entry.published),
        }
        for entry in Exchange(url).entries()
    ]
    print_result(pa.Table.from_pylist(rows, schema), output)


@zoo.command()
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--from", "url", required=True, metavar="URL", help="Where models are shared.")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder that code is put into, for --zoo.  [default: zoo]",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@options.db
def get(*, name: str, url: str, folder: Path | None, force: bool, db: str | None) -> None:
    """Get code into a folder, or a trained model into the database as its next version."""
    from sqlml.store.exchange import Exchange

    exchange = Exchange(url)
    entry = exchange.find(name)
    if entry.kind == "code":
        folder = folder or Path("zoo")
        exchange.fetch_code(entry, folder, replace=force)
        click.echo("\n".join(str(folder / path) for path in entry.files))
        return
    if folder is not None:
        raise _no_folder(entry.name, folder)
    with options.opened(db=db, creates=True) as session:
        made = session.models.receive(exchange, entry)
    click.echo(made)
    click.echo(f"  next: sqlml show {made}{options.on(db)}", err=True)


def _no_folder(name: str, folder: Path) -> ProgramError:
    message = f"`{name}` is a trained model, which goes into a database and not into `{folder}`"
    hint = f"leave `--to` out; then `sqlml export {name} --to {folder}` writes its files"
    return ProgramError(Diagnostic("E0660", message, hint=hint))


def _code(path: Path) -> dict[str, Path]:
    """The files of a module or a package, by their paths in a zoo folder; else none."""
    if path.suffix == ".py" and path.is_file():
        return {path.name: path}
    return _files(path, path.parent) if (path / "__init__.py").is_file() else {}


def _files(folder: Path, root: Path) -> dict[str, Path]:
    """What is in a folder, by the paths from `root`; no hidden files, no compiled ones."""
    inside = ((path.relative_to(folder).parts, path) for path in sorted(folder.rglob("*")))
    return {
        path.relative_to(root).as_posix(): path
        for parts, path in inside
        if path.is_file()
        and not any(part.startswith(".") or part == "__pycache__" for part in parts)
    }


def _nothing(what: str, hint: str) -> ProgramError:
    message = f"`{what}` is neither a Python module, nor a package, nor a stored model"
    hint = hint or "`sqlml models` lists the models; `--db` names the database"
    return ProgramError(Diagnostic("E0640", message, hint=hint))

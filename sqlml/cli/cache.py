"""`sqlml cache`: what is kept of what steps have made, for later runs to use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sqlml.cli import options

if TYPE_CHECKING:
    from sqlml.session import Session
    from sqlml.store.artifacts import Kept


@click.group()
def cache() -> None:
    """Show and change what is kept for later runs.

    Kept are result sets, plots and files of programs; never more than `cache_size` of them. Tables
    and models are not among them: they stay until you drop them. A NAME is that of a step, or an
    artifact's number or how it begins.
    """


names = click.argument("names", nargs=-1, required=True, metavar="NAME...")


@cache.command()
@options.db
@options.output
def show(db: str | None, output: str) -> None:
    """List what is kept, what is worth most first; also the table `sqlml_cache`.

    score: the seconds that each byte is expected to save in the next run. hits: how often it was
    used instead of being made again.
    """
    from sqlml.cli.results import print_result

    with options.opened(db=db) as session:
        table = session.store.tables()["sqlml_cache"]()
        print_result(table, output)
        settings = session.settings
        sizes = session.store.artifacts.all()
    told = f"{_bytes(sizes)} of {settings.cache_size / 1e6:,.1f} MB"
    click.echo(f"  {told}, policy {settings.cache_policy}", err=True)


@cache.command()
@options.db
@click.argument("names", nargs=-1, metavar="[NAME]...")
def clear(db: str | None, names: Sequence[str]) -> None:
    """Remove what is kept: all that is not pinned, or what is named."""
    with options.opened(db=db) as session:
        artifacts = session.store.artifacts
        asked = _found(session, names) or [one for one in artifacts.all() if not one.pinned]
        gone = artifacts.remove(one.key for one in asked)
    click.echo(f"removed {_counted(gone)}, {_bytes(gone)}")
    if left := len(asked) - len(gone):
        click.echo(f"  {left} more are in use by a run", err=True)


@cache.command()
@options.db
@names
def pin(db: str | None, names: Sequence[str]) -> None:
    """Keep what is named, whatever else there is to keep."""
    _pin(db, names, pinned=True)


@cache.command()
@options.db
@names
def unpin(db: str | None, names: Sequence[str]) -> None:
    """Let what is named go when there is better to keep."""
    _pin(db, names, pinned=False)


@cache.command()
@options.db
def verify(db: str | None) -> int:
    """Check that all is as it was kept; what is not is removed, and made again when needed."""
    with options.opened(db=db) as session:
        artifacts = session.store.artifacts
        kept = artifacts.all()
        faults = [(one, fault) for one in kept if (fault := artifacts.fault(one))]
        for one, fault in faults:
            click.echo(f"{one.step} of run {one.run}: {fault}", err=True)
        artifacts.remove(one.key for one, _ in faults)
    click.echo(f"{len(kept) - len(faults)} of {_counted(kept)} as they were kept")
    return 1 if faults else 0


def _pin(db: str | None, names: Sequence[str], *, pinned: bool) -> None:
    with options.opened(db=db) as session:
        found = _found(session, names)
        session.store.artifacts.pin((one.key for one in found), pinned=pinned)
    click.echo(f"{'pinned' if pinned else 'unpinned'} {_counted(found)}, {_bytes(found)}")


def _found(session: "Session", names: Sequence[str]) -> list["Kept"]:
    """What is kept under some names, each once."""
    found = {one.key: one for name in names for one in session.store.artifacts.find(name)}
    return list(found.values())


def _counted(kept: Sequence["Kept"]) -> str:
    return f"{len(kept)} artifact{'' if len(kept) == 1 else 's'}"


def _bytes(kept: Sequence["Kept"]) -> str:
    return f"{sum(one.size for one in kept) / 1e6:,.1f} MB"

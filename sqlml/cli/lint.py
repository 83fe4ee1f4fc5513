"""`sqlml lint`: what is wrong with manifests of Argo Workflows or Tekton."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from sqlml.cli import options
from sqlml.errors import Diagnostic, ProgramError


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per fault.")
def lint(*, files: Sequence[str], as_json: bool) -> int | None:
    """Check manifests of Argo Workflows and Tekton, whoever wrote them.

    FILE: a file, `-`, or a folder of them.
    """
    for program in (name for name in files if name.endswith((".py", ".sql"))):
        message = f"`{program}` is a program, and lint checks the manifests that become of one"
        hint = f"sqlml render {program} --engine argo | sqlml lint -"
        raise ProgramError(Diagnostic("E0716", message, hint=hint))
    names = [*_named(files)]
    if not names:
        message = f"there are no YAML files in {', '.join(f'`{name}`' for name in files)}"
        raise ProgramError(Diagnostic("E0716", message))
    sources = options.read_sources(names, [])
    from sqlml.codegen.lint import lint as faults_of

    faults = faults_of(sources)
    if as_json:
        for fault in faults:
            place = fault.span.place if fault.span else ""
            told = {"code": fault.code, "message": fault.message, "place": place}
            click.echo(json.dumps({**told, "hint": fault.hint}, ensure_ascii=False))
        return ProgramError.exit_code if faults else None
    if faults:
        raise ProgramError(*faults)
    click.echo(f"{len(sources)} file{'s' * (len(sources) != 1)}, no faults", err=True)
    return None


def _named(files: Sequence[str]) -> Iterator[str]:
    for name in files:
        if Path(name).is_dir():
            yield from sorted(str(path) for path in Path(name).rglob("*.y*ml"))
        else:
            yield name

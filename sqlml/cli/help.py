"""`sqlml help CODE|MODEL|PROGRAM`: what an error means, what a model or program takes."""

import re

import click

from sqlml.cli import COMMANDS
from sqlml.errors import Diagnostic, ProgramError, nearest

_CODE = re.compile(r"[Ee]\d{4}")


@click.command("help")
@click.argument("topic", required=False)
@click.pass_context
def help_(context: click.Context, topic: str | None) -> None:
    """Explain an error code (E0203), a model (xgboost.gbtree), a program (binning) or a command."""
    root = context.find_root()
    if topic is None:
        click.echo(root.get_help())
        return
    command = COMMANDS.load(topic) if topic in COMMANDS else None
    if command is None:
        click.echo(explained(topic))
        return
    with click.Context(command, info_name=topic, parent=root) as own:
        click.echo(command.get_help(own))


def explained(topic: str) -> str:
    """What an error code means, what a model or ready-made program takes, or a family's models.

    Raises:
        ProgramError: E0711, there is nothing of that name.
    """
    if _CODE.fullmatch(topic):
        return _explain_code(topic.upper())
    name = topic.lower()
    return _explain_runnable(name) or _explain_family(name) or _explain_model(topic)


def _explain_code(code: str) -> str:
    from sqlml.error_codes import sections

    known = sections()
    if code not in known:
        hint = "docs/errors.md lists all codes"
        raise ProgramError(Diagnostic("E0711", f"there is no error code {code}", hint=hint))
    return known[code]


def _explain_runnable(name: str) -> str | None:
    """What a ready-made program of TO RUN takes; None where there is none of that name."""
    from sqlml.zoo.runnables import RUNNABLES
    from sqlml.zoo.runnables.documentation import runnable_help

    return runnable_help(name) if name in RUNNABLES else None


def _explain_family(name: str) -> str | None:
    """The models of a family, as of `xgboost`; None where there is none of that name."""
    from sqlml.zoo import MODELS

    if name not in MODELS:
        return None
    names = MODELS.load(name).names()
    return "\n".join([f"{name} has {len(names)} models; `sqlml help NAME` explains one:", *names])


def _explain_model(name: str) -> str:
    from sqlml.zoo import MODELS
    from sqlml.zoo.models import find_model, nearest_model
    from sqlml.zoo.models.documentation import model_help

    if find_model(name) is None:
        close = nearest_model(name) or nearest(name, MODELS)
        hint = f"did you mean `{close}`?" if close else "docs/models.md lists all models"
        raise ProgramError(Diagnostic("E0711", f"there is no model `{name}`", hint=hint))
    return model_help(name)

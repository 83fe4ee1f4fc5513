"""The `sqlml` command: finds the subcommand, and shows whatever goes wrong."""

import os
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click
from click.exceptions import NoArgsIsHelpError

from sqlml import __version__
from sqlml.cli import COMMANDS, options
from sqlml.cli.terminal import colored
from sqlml.errors import MAX_SHOWN, ProgramError, SqlmlError, StepError, did_you_mean, render

INTERRUPTED = 130
_IN_BRACKETS = re.compile(r"\s*\([^)]*\)")
_DETAIL = re.compile(r"[.;:]( .*)?$")


class PipeClosed(Exception):  # noqa: N818 - it is no error
    """Nobody reads our output any more, as behind `| head`."""


class Commands(click.Group):
    """Subcommands from the registry; each is imported when it is asked for."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:  # of which click would make exit code 1
            raise PipeClosed from error
        return result

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return COMMANDS.load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does, but no sentence breaks off."""
        named = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, _briefly(found.help or "")) for name, found in named if found]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            message = f"there is no command `{args[0]}`"
            hint = did_you_mean(args[0], COMMANDS) or "see `sqlml --help`"
            raise click.UsageError(f"{message}\n  hint: {hint}", ctx)
        return super().resolve_command(ctx, args)


def _briefly(text: str) -> str:
    """What a command does, up to the first detail."""
    return _DETAIL.sub("", " ".join(_IN_BRACKETS.sub("", text).split()))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="sqlml")
@options.db
@click.pass_context
def cli(context: click.Context, db: str | None) -> None:
    """SQL in, machine learning out: train, apply, measure and explain models from SQL files.

    Without a command, a prompt opens that takes statements one by one.
    """
    if db is not None:
        context.default_map = {name: {"db": db} for name in COMMANDS}
    if context.invoked_subcommand is not None:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise NoArgsIsHelpError(context)
    from sqlml.cli.repl import talk

    talk(db=db)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code.

    0: done. 1: a step failed. 2: the SQL or the flags are wrong. 130: interrupted.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as by `>&-`
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - until the process ends
    sys.exit(outcome(arguments))


def outcome(arguments: Sequence[str] | None) -> int:
    """Run the command line; its exit code."""
    try:
        code = cli.main(arguments, prog_name="sqlml", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except SqlmlError as error:
        show_error(error)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return ProgramError.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except PipeClosed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost edge: a bug of ours is shown as one
        return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    """Show what went wrong outside of any step: the disk is full, or there is a bug of ours."""
    from sqlml.runtime.trouble import diagnose

    if diagnostics := diagnose(error):
        if isinstance(error, OSError):  # nothing more fits into stdout
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        show_error(StepError(*diagnostics))
    else:
        traceback.print_exception(error)
        click.echo("\nthis is a bug in sqlml: please report it with the text above", err=True)
    return StepError.exit_code


def show_error(error: SqlmlError, ask: str = "sqlml help") -> None:
    """Print an error's diagnostics on stderr. ask: the command that tells more about a code."""
    shown = error.diagnostics[:MAX_SHOWN]
    color = colored(sys.stderr)
    click.echo("\n\n".join(render(d, color=color) for d in shown), err=True)
    if hidden := len(error.diagnostics) - len(shown):
        click.echo(f"\nand {hidden} more", err=True)
    code = shown[0].code if shown else ""
    click.echo(f"\n  more about it: {ask} {code}", err=True)

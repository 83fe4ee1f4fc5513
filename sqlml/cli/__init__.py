"""The door for people, one file per command."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    import click

COMMANDS: "Registry[click.Command]" = Registry(
    "command",
    "sqlml.commands",
    "E0707",
    {
        "run": "sqlml.cli.run:run",
        "repl": "sqlml.cli.repl:repl",
        "lsp": "sqlml.cli.lsp:lsp",
        "plan": "sqlml.cli.plan:plan",
        "explain": "sqlml.cli.explain:explain",
        "render": "sqlml.cli.render:render",
        "lint": "sqlml.cli.lint:lint",
        "show": "sqlml.cli.show:show",
        "compare": "sqlml.cli.compare:compare",
        "log": "sqlml.cli.log:log",
        "schedule": "sqlml.cli.schedule:schedule",
        "scheduler": "sqlml.cli.scheduler:scheduler",
        "cancel": "sqlml.cli.cancel:cancel",
        "continue": "sqlml.cli.continue_:continue_",
        "export": "sqlml.cli.export:export",
        "import": "sqlml.cli.import_:import_",
        "cache": "sqlml.cli.cache:cache",
        "models": "sqlml.cli.models:models",
        "help": "sqlml.cli.help:help_",
        "init": "sqlml.cli.init:init",
        "zoo": "sqlml.cli.zoo:zoo",
        "step": "sqlml.cli.step:step",
        "server": "sqlml.cli.server:server",
    },
)

"""sqlml compiles SQL to machine-learning workflows and runs them.

import sqlml

results = sqlml.run("SELECT * FROM answers LIMIT 10", db="iris.duckdb")
results.to_pandas()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlml import runnable
    from sqlml.calls import plan, render, run
    from sqlml.connectors.dbapi import *  # noqa: F403 - the names that PEP 249 wants
    from sqlml.connectors.dbapi import connect
    from sqlml.errors import Diagnostic, SqlmlError
    from sqlml.flow import step, workflow
    from sqlml.results import Result, Results
    from sqlml.session import Session
    from sqlml.stages import explain

__version__ = "0.1.0"

_HOMES = {
    "Diagnostic": "sqlml.errors",
    "Result": "sqlml.results",
    "Results": "sqlml.results",
    "Session": "sqlml.session",
    "SqlmlError": "sqlml.errors",
    "connect": "sqlml.connectors.dbapi",
    "explain": "sqlml.stages",
    "load_ipython_extension": "sqlml.connectors.notebook.magics",
    "plan": "sqlml.calls",
    "render": "sqlml.calls",
    "run": "sqlml.calls",
    "runnable": "sqlml.runnable",
    "step": "sqlml.flow",
    "workflow": "sqlml.workflow",
}

__all__ = [
    "Diagnostic",
    "Result",
    "Results",
    "Session",
    "SqlmlError",
    "connect",
    "explain",
    "plan",
    "render",
    "run",
    "runnable",
    "step",
    "workflow",
]

# What PEP 249 wants a module of its kind to have besides `connect`.
_DATABASE_INTERFACE = frozenset({
    "BINARY", "Binary", "Connection", "Cursor", "DATETIME", "DataError", "DatabaseError", "Date",
    "DateFromTicks", "Error", "IntegrityError", "InterfaceError", "InternalError", "NUMBER",
    "NotSupportedError", "OperationalError", "ProgrammingError", "ROWID", "STRING", "Time",
    "TimeFromTicks", "Timestamp", "TimestampFromTicks", "Warning", "apilevel", "paramstyle",
    "threadsafety",
})  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: `import sqlml` alone loads nothing else."""
    if name in _DATABASE_INTERFACE:
        return getattr(import_module("sqlml.connectors.dbapi"), name)
    if name not in _HOMES:
        raise AttributeError(f"module 'sqlml' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    is_it = module.__name__.endswith(f".{name}")
    return module if is_it else getattr(module, name)

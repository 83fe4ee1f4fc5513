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
    from sqlml.errors import Diagnostic, SqlmlError
    from sqlml.flow import step, workflow
    from sqlml.results import Result, Results
    from sqlml.session import Session, connect
    from sqlml.stages import explain

__version__ = "0.1.0"

_HOMES = {
    "Diagnostic": "sqlml.errors",
    "Result": "sqlml.results",
    "Results": "sqlml.results",
    "Session": "sqlml.session",
    "SqlmlError": "sqlml.errors",
    "connect": "sqlml.session",
    "explain": "sqlml.stages",
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


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: `import sqlml` alone loads nothing else."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sqlml' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    is_it = module.__name__.endswith(f".{name}")
    return module if is_it else getattr(module, name)

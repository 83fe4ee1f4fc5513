"""Workflow to better workflow, one pass per file; the order of PASSES is the order they run in."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.workflow.ir import Workflow

# A pass is a frozen dataclass, made from what earlier runs know; calling it gives a new workflow.
PASSES: "Registry[Callable[..., Callable[[Workflow], Workflow]]]" = Registry(
    "pass",
    "sqlml.passes",
    "E0808",
    {
        "share": "sqlml.optimizer.share:Share",
        "size": "sqlml.optimizer.size:Size",
        "split": "sqlml.optimizer.split:Split",
    },
)
ON_REQUEST = frozenset({"split"})  # those that run only where they are asked for

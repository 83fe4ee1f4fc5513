"""`couler.core.syntax`."""

from sqlml.couler.branches import when
from sqlml.couler.conditions import (
    bigger,
    bigger_equal,
    equal,
    not_equal,
    smaller,
    smaller_equal,
)
from sqlml.couler.exits import set_exit_handler
from sqlml.couler.loops import exec_while, map, map_
from sqlml.couler.order import dag, set_dependencies
from sqlml.couler.parallel import concurrent
from sqlml.couler.workflow_settings import (
    add_image_pull_secret,
    add_toleration,
    add_volume,
    create_workflow_volume,
    set_dns,
)

__all__ = [
    "add_image_pull_secret",
    "add_toleration",
    "add_volume",
    "bigger",
    "bigger_equal",
    "concurrent",
    "create_workflow_volume",
    "dag",
    "equal",
    "exec_while",
    "map",
    "map_",
    "not_equal",
    "set_dependencies",
    "set_dns",
    "set_exit_handler",
    "smaller",
    "smaller_equal",
    "when",
]

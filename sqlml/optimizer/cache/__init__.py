"""What to keep of what steps have made, in storage that is bounded; one policy per name."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.optimizer.cache.policy import Policy

# A policy is a class without arguments. It decides, and does nothing.
POLICIES: "Registry[type[Policy]]" = Registry(
    "cache policy",
    "sqlml.cache_policies",
    "E0840",
    {
        "none": "sqlml.optimizer.cache.simple:KeepNothing",
        "all": "sqlml.optimizer.cache.simple:KeepAll",
        "fifo": "sqlml.optimizer.cache.simple:FirstInFirstOut",
        "lru": "sqlml.optimizer.cache.simple:LeastRecentlyUsed",
        "gdsf": "sqlml.optimizer.cache.simple:GreedyDual",
        "paper": "sqlml.optimizer.cache.paper:AsPrinted",
        "expected": "sqlml.optimizer.cache.expected:ExpectedBenefit",
    },
)

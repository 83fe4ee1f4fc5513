"""The Couler IR: engine-neutral workflows.

`sqlml.workflow("nightly")` begins one in Python: the module itself can be called.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    def __call__(self, *args: Any, **settings: Any) -> Any:
        return import_module("sqlml.flow").workflow(*args, **settings)


sys.modules[__name__].__class__ = _Callable

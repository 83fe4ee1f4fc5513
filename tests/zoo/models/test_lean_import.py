"""The libraries load fast where they are used, and not at all where they are only named."""

import subprocess
import sys

import pytest


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_library_is_imported_without_scikit_learn_and_pandas(library: str) -> None:
    program = f"""
import sys
from sqlml.zoo.models.lean_import import import_lean
library = import_lean("{library}")
assert "sklearn" not in sys.modules and "pandas" not in sys.modules
import pandas, sklearn.linear_model
print(library.__name__, import_lean("{library}") is library)
"""
    assert run(program) == f"{library} True"


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_what_is_imported_already_is_used(library: str) -> None:
    program = f"""
import sys
import pandas, sklearn
from sqlml.zoo.models.lean_import import import_lean
import_lean("{library}")
print(sys.modules["pandas"] is pandas, sys.modules["sklearn"] is sklearn)
"""
    assert run(program) == "True True"


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_naming_a_model_loads_no_library(library: str) -> None:
    program = f"""
import sys
from sqlml.zoo.models.{library} import FAMILY
for name in FAMILY.names():
    FAMILY.task(FAMILY.find(name), {{}})
print({{"xgboost", "lightgbm", "sklearn", "pandas", "scipy", "pyarrow"}} & set(sys.modules))
"""
    assert run(program) == "set()"

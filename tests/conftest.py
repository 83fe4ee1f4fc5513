"""What every test shares."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

# Threads that spin while they wait take the cores from the tests beside: three times the time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Where nothing compiled is kept, every process that a test starts compiles all of sqlml again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Sessions that do not ask for more have one worker process: a second one imports everything again.
os.environ.setdefault("SQLML_THREADS", "1")

# CI tries the same examples each time: what random ones find is found, and mended, before.
settings.register_profile(
    "steady",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup() -> None:
    _forget_current_test()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call() -> None:
    _forget_current_test()


def _forget_current_test() -> None:
    """Idle workers serve runs with the same environment, which pytest changes with every test."""
    os.environ.pop("PYTEST_CURRENT_TEST", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of slow tests: none is left for the end, when other workers wait."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """What is there now stays: it need not be gone through again and again."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let the interpreter end: what Hypothesis has it call holds modules, and DuckDB says so."""
    gc.callbacks.clear()
    gc.unfreeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="rewrite the answers in tests/cases/*.md"
    )

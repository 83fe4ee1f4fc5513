"""Every test of Couler's interface begins and ends without a workflow."""

from collections.abc import Iterator

import pytest

from sqlml import couler


@pytest.fixture(autouse=True)
def _no_workflow() -> Iterator[None]:
    couler._cleanup()
    yield
    couler._cleanup()

"""A step takes what its operation in the workflow has."""

import inspect
from dataclasses import fields

import pytest

from sqlml.workflow.graph import SLOTS
from sqlml.workflow.ir import (
    Alter,
    Check,
    Evaluate,
    Explain,
    Job,
    Manage,
    Predict,
    Query,
    Run,
    Solve,
    Train,
    Trial,
)
from sqlml.zoo import STEPS

OPERATIONS = (
    Query,
    Train,
    Trial,
    Predict,
    Evaluate,
    Explain,
    Check,
    Manage,
    Alter,
    Job,
    Run,
    Solve,
)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_step_takes_the_fields_and_inputs_of_its_operation(operation: type) -> None:
    parameters = inspect.signature(STEPS.load(operation.__name__.lower())).parameters
    names = {one.name for one in fields(operation)} | set(SLOTS[operation])
    assert set(parameters) == {"context"} | names
    required = {name for name, slot in SLOTS[operation].items() if slot.required}
    assert all(parameters[name].default is inspect.Parameter.empty for name in required)


def test_every_kind_of_step_has_an_operation() -> None:
    assert set(STEPS) == {operation.__name__.lower() for operation in OPERATIONS}

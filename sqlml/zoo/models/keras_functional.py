"""SQLFlow's `dnnclassifier_functional_model`: hidden layers that have a default."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlml.zoo.model import FitJob
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_networks import Plan, deep, embedded, trained_with, value_of


def build(job: FitJob, inputs: Inputs, given: Mapping[str, Any], outputs: int) -> Any:
    parameters = {**job.parameters, "hidden_units": value_of(job, "hidden_units")}
    return deep(replace(job, parameters=parameters), inputs, given, outputs)


FUNCTIONAL = Plan(embedded, build, trained_with(lambda _job: {}))

"""Workflows written in Python: SQL statements, Python functions and containers as steps.

import sqlml

@sqlml.step
def deploy(model: str) -> None: ...

with sqlml.workflow("nightly") as flow:
    model = flow.train("xgboost.gbtree", "SELECT * FROM iris", label="species", into="m")
    with flow.when(model.metric("train_accuracy") > 0.9):
        deploy(model)

sqlml.run(flow)
"""

from sqlml.flow.functions import step
from sqlml.flow.recording import Flow, workflow
from sqlml.flow.values import Condition, Step, Value

__all__ = ["Condition", "Flow", "Step", "Value", "step", "workflow"]

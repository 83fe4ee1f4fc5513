"""Steps that change stored models do so together with the record that they have."""

from sqlml.runtime.call import StepCall
from sqlml.runtime.context import DriverContext, Surroundings
from sqlml.workflow.ir import Alter, Manage, Node
from sqlml.workflow.serial import thaw
from sqlml.zoo.steps.outcome import Outcome


def run_call(call: StepCall, node: Node, context: DriverContext, shared: Surroundings) -> Outcome:
    """Run a step beside the database; a killed driver leaves all that it does, or nothing."""
    if not isinstance(node.operation, Alter | Manage):
        return call.run(context)
    with shared.store.transaction():
        outcome = call.run(context)
        shared.store.drivers.receipt(shared.run, node.name, thaw(outcome.outputs))
    return outcome

"""What a run has given, for those who asked for it."""

from sqlml.results import Result, Results
from sqlml.runtime.report import RunReport
from sqlml.workflow.ir import Workflow
from sqlml.workflow.parts import names_in_run
from sqlml.workflow.serial import thaw


def results_of(report: RunReport, workflow: Workflow, written: Workflow) -> Results:
    """Results by the names and in the order of `written`, whatever parts it was run in."""
    own = {name: step for step, name in names_in_run(workflow).items()}
    steps = {own.get(name, name): step for name, step in report.steps.items()}
    order = {node.name: at for at, node in enumerate(written.nodes)}
    results = sorted(
        (Result(own.get(name, name), rows.read()) for name, rows in report.results),
        key=lambda result: order.get(result.step.partition(".")[0], len(order)),
    )
    metrics = {name: dict(step.outcome.metrics) for name, step in steps.items()}
    outputs = {name: thaw(step.outcome.outputs) for name, step in steps.items()}
    return Results(report.run, results, metrics, outputs)

"""The logical plan as a workflow: its steps, and what each has to wait for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, assert_never

from sqlml.planner import plan as logical
from sqlml.planner.dependencies import Dependencies
from sqlml.planner.job_plan import Job
from sqlml.planner.logical_plan import LogicalPlan
from sqlml.planner.plan import ModelUse, Operator, Read
from sqlml.planner.resources import called_models, is_barrier, reads, writes
from sqlml.planner.statements.jobs import job_operation
from sqlml.planner.trials import with_trials
from sqlml.source import Span
from sqlml.workflow import ir
from sqlml.workflow.serial import freeze
from sqlml.workflow.transactions import with_changes
from sqlml.zoo.solving.formula import restriction_to_json, to_json


def lower(plan: LogicalPlan, name: str) -> ir.Workflow:
    """The workflow that does what the plan says; its nodes stand in the statements' order."""
    names = plan.node_names()
    dependencies = Dependencies()
    nodes: list[ir.Node] = []
    for node, operator in zip(names, plan.operators, strict=True):
        if is_barrier(operator):
            before = dependencies.add_barrier(node)
        else:
            before = dependencies.add(node, reads(operator), writes(operator))
        step = _node(node, operator, names, before)
        if isinstance(operator, logical.Fit) and operator.trials:
            nodes += with_trials(step, operator.trials)
        else:
            nodes.append(step)
    return ir.Workflow(name, with_changes(nodes))


def _node(name: str, operator: Operator, names: Sequence[str], before: Iterable[str]) -> ir.Node:
    inputs = {**_inputs(operator, names), **_functions(operator, names)}
    given = {value.node for value in inputs.values() if isinstance(value, ir.Output)}
    return ir.Node(
        name,
        _operation(operator),
        inputs,
        _outputs(operator),
        tuple(ir.After(step) for step in before if step not in given),
        place=_place(operator.span),
    )


# --- what a step does ---------------------------------------------------------------------


def _operation(operator: Operator) -> ir.Operation:
    match operator:
        case logical.Fit():
            return ir.Train(
                operator.estimator,
                freeze(operator.parameters),  # type: ignore[arg-type]
                freeze(operator.settings),  # type: ignore[arg-type]
                {
                    target: freeze([feature.to_json() for feature in features])
                    for target, features in operator.features.items()
                },
                operator.label,
                operator.into,
                operator.span.text,
            )
        case logical.Apply() | logical.Explain() | logical.Compare():
            return _with_settings(operator)
        case logical.Measure():
            return ir.Evaluate(operator.metrics, operator.label, operator.into, operator.plots)
        case logical.Solve():
            return _solve(operator)
        case logical.Execute():
            facts = operator.facts
            return ir.Query(
                operator.sql,
                facts.reads,
                facts.writes,
                facts.repeatable,
                facts.deterministic,
                facts.session,
                facts.files,
            )
        case logical.Manage():
            name = operator.model.name if operator.model else ""
            version = operator.model.version if operator.model else None
            return ir.Manage(operator.action, name, operator.if_exists, version)
        case logical.Alter():
            return ir.Alter(operator.action, operator.name, operator.value)
        case Job():
            return job_operation(operator)
        case logical.Run():
            return ir.Run(
                operator.program,
                operator.arguments,
                operator.into,
                operator.ready_made,
                operator.in_image,
            )
        case _:
            assert_never(operator)


def _with_settings(
    operator: logical.Apply | logical.Explain | logical.Compare,
) -> ir.Predict | ir.Explain | ir.Check:
    settings: Any = freeze(operator.settings)
    match operator:
        case logical.Apply():
            return ir.Predict(operator.column, settings, operator.into)
        case logical.Explain():
            return ir.Explain(operator.explainer, settings, operator.into)
        case logical.Compare():
            return ir.Check(settings, operator.into)


def _solve(operator: logical.Solve) -> ir.Solve:
    return ir.Solve(
        operator.statement.direction,
        freeze(to_json(operator.objective)),
        tuple(freeze(restriction_to_json(each)) for each in operator.restrictions),
        operator.variable,
        operator.keys,
        operator.column,
        operator.domain,
        operator.solver,
        freeze(operator.settings),  # type: ignore[arg-type]
        operator.into,
    )


def _inputs(operator: Operator, names: Sequence[str]) -> Mapping[str, ir.Input]:
    match operator:
        case logical.Fit():
            inputs: dict[str, ir.Input] = {"rows": _relation(operator.rows)}
            if operator.validation is not None:
                inputs["validation"] = _relation(operator.validation)
            if operator.base is not None:
                inputs["base"] = _model(operator.base, names)
            return inputs
        case logical.Apply() | logical.Measure() | logical.Explain() | logical.Compare():
            return {"rows": _relation(operator.rows), "model": _model(operator.model, names)}
        case logical.Alter():
            return {"model": _model(operator.model, names)}
        case logical.Solve():
            return {"rows": _relation(operator.rows)}
        case logical.Run():
            reference = operator.reference
            compared = {} if reference is None else {"reference": _relation(reference)}
            return {"rows": _relation(operator.rows), **compared}
        case logical.Execute() | logical.Manage() | Job():
            return {}
        case _:
            assert_never(operator)


def _functions(operator: Operator, names: Sequence[str]) -> Mapping[str, ir.Input]:
    """The models that a step's SQL calls as functions."""
    called = dict.fromkeys(called_models(operator))
    return {
        ir.FUNCTION if n == 1 else f"{ir.FUNCTION}_{n}": _function(use, names)
        for n, use in enumerate(called, 1)
    }


def _function(use: ModelUse, names: Sequence[str]) -> ir.Input:
    """A model by its alias is what the alias stands for when the step runs."""
    if isinstance(use.version, str):
        return ir.ModelReference(use.name, use.version)
    return _model(use, names)


def _outputs(operator: Operator) -> tuple[ir.OutputDeclaration, ...]:
    match operator:
        case logical.Fit():
            return (ir.OutputDeclaration("model", "model", operator.into),)
        case (
            logical.Apply()
            | logical.Measure()
            | logical.Explain()
            | logical.Compare()
            | logical.Solve()
        ):
            return tuple(_result(operator))
        case logical.Execute():
            left = () if operator.facts.kind == "drop" else operator.facts.writes
            return (*_tables_left(left), *([_ROWS] if operator.facts.returns_rows else []))
        case logical.Manage():
            return () if operator.action == "drop" else (_ROWS,)
        case Job():
            return (_ROWS,) if operator.action == "show" else ()
        case logical.Alter():
            return ()
        case logical.Run():
            gives_rows = operator.ready_made and not operator.into
            return (_ROWS,) if gives_rows else tuple(_tables_left(operator.into))
        case _:
            assert_never(operator)


_ROWS = ir.OutputDeclaration("rows", "dataset")


def _tables_left(tables: Iterable[str]) -> Iterator[ir.OutputDeclaration]:
    for number, table in enumerate(tables, 1):
        name = "table" if number == 1 else f"table_{number}"
        yield ir.OutputDeclaration(name, "table", table)


def _result(
    operator: logical.Apply | logical.Measure | logical.Explain | logical.Compare | logical.Solve,
) -> Iterator[ir.OutputDeclaration]:
    """The table or the result set, and plots."""
    if operator.into is not None:
        yield ir.OutputDeclaration("table", "table", operator.into)
    else:
        yield _ROWS
    explained = isinstance(operator, logical.Explain) and operator.into is None
    if explained or (isinstance(operator, logical.Measure) and operator.plots):
        yield ir.OutputDeclaration("plot", "plot")


def _relation(read: Read) -> ir.Relation:
    facts = read.facts
    return ir.Relation(read.sql, facts.reads, facts.stable, facts.deterministic, facts.files)


def _model(use: ModelUse, names: Sequence[str]) -> ir.Input:
    if use.trained_by is not None:
        return ir.Output(names[use.trained_by], "model")
    return ir.ModelReference(use.name, use.version)


def _place(span: Span) -> ir.Place:
    return ir.Place(span.source.name, *span.source.position(span.start))

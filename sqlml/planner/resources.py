"""What a step reads and writes, from which it follows what it has to wait for."""

from collections.abc import Iterable, Iterator

from sqlml.planner import plan as logical
from sqlml.planner.dependencies import ANY, Resource
from sqlml.planner.job_plan import Job
from sqlml.planner.plan import ModelUse, Operator, Read
from sqlml.planner.tables import table_key


def is_barrier(operator: Operator) -> bool:
    """Whether a step touches more than tables and models, so that it must keep its place."""
    if isinstance(operator, logical.Execute):
        return operator.facts.barrier or operator.facts.session
    if isinstance(operator, logical.Run) and not operator.ready_made:
        return True  # it may read and write files
    return any(read.facts.barrier or read.facts.session for read in _queries(operator))


def reads(operator: Operator) -> Iterator[Resource]:
    """The tables, models and jobs that a step looks at."""
    for read in _queries(operator):
        yield from _tables(read.sources)
    for use in called_models(operator):
        yield from _models(use)
    match operator:
        case logical.Fit():
            yield from _models(operator.base)
        case logical.Apply() | logical.Measure() | logical.Explain() | logical.Compare():
            yield from _models(operator.model)
        case logical.Execute():
            yield from _tables(operator.sources)
        case logical.Manage(action="show-models"):
            yield _ALL_MODELS
        case Job(action="show"):
            yield from _tables([_JOBS])
        case logical.Manage(action="show-train" | "describe"):
            yield from _models(operator.model)


def writes(operator: Operator) -> Iterator[Resource]:
    """The tables, models and jobs that a step makes, changes or drops."""
    match operator:
        case logical.Fit():
            yield Resource(_MODELS, operator.into.casefold())
        case (
            logical.Apply()
            | logical.Measure()
            | logical.Explain()
            | logical.Compare()
            | logical.Solve()
        ):
            if operator.into is not None:
                yield from _tables([operator.into])
        case logical.Execute():
            yield from _tables(operator.facts.writes)
        case logical.Run():
            yield from _tables(operator.into)
        case Job(action="create" | "drop"):
            yield from _tables([_JOBS])
        case logical.Manage(action="drop") | logical.Alter():
            yield from _models(operator.model)
            if isinstance(operator, logical.Alter) and operator.action == "rename":
                yield Resource(_MODELS, operator.name.casefold())


def _queries(operator: Operator) -> Iterator[Read]:
    match operator:
        case logical.Fit():
            yield operator.rows
            if operator.validation is not None:
                yield operator.validation
        case logical.Run():
            yield operator.rows
            if operator.reference is not None:
                yield operator.reference
        case (
            logical.Apply()
            | logical.Measure()
            | logical.Explain()
            | logical.Compare()
            | logical.Solve()
        ):
            yield operator.rows


def called_models(operator: Operator) -> Iterator[ModelUse]:
    """The models that a step's SQL calls as functions."""
    if isinstance(operator, logical.Execute):
        yield from operator.models
    for read in _queries(operator):
        yield from read.models


_JOBS = "sqlml_jobs"
_MODELS = ("model", "")
_ALL_MODELS = Resource(_MODELS, ANY)


def _models(use: ModelUse | None) -> Iterator[Resource]:
    if use is not None:
        yield Resource(_MODELS, use.name.casefold())


def _tables(names: Iterable[str]) -> Iterator[Resource]:
    for name in names:
        key = table_key(name)
        yield Resource(("table", key.table), key.schema)

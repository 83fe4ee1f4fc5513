"""Models that SQL calls as functions: DuckDB gets a function of the script for each of them."""

from collections.abc import Generator, Iterator, Mapping

from sqlml.codegen.python.families import family
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import UNLABELLED, Model
from sqlml.codegen.python.program import Program
from sqlml.codegen.python.segments import by_segment
from sqlml.grammar.model_functions import mentioned
from sqlml.quoting import identifier
from sqlml.workflow.ir import Node
from sqlml.workflow.serial import thaw


def called(program: Program, node: Node, sql: str) -> Generator[str, None, str]:
    """The lines that define the functions a query calls, where they are new; and its SQL, which
    calls them by the names that they have in the script."""
    models = {model.train.into: model for model in program.functions(node)}
    for function in dict.fromkeys(mentioned(sql)):
        model = models.get(function.model)
        if model is None:
            program.refuse(node, f"it has no words for the function of `{function.model}`")
        elif function.kind != "predict" or not _is_one_value(model):
            program.refuse(node, "it calls a model for more than one value a row")
        else:
            name, is_new = program.function(model)
            if is_new:
                yield from _defined(model, name)
            sql = sql.replace(identifier(function.name), name)
    return sql


def _is_one_value(model: Model) -> bool:
    return model.task not in ("ranking", *UNLABELLED)


def _defined(model: Model, name: str) -> Iterator[str]:
    yield ""
    yield ""
    yield f"def {name}(records):"
    yield "    rows = pa.Table.from_struct_array(records)"
    if model.partition:
        yield f"    return {by_segment(model)}"
    else:
        predicted = family(model.known.family).predicted(model, model.matrix())
        yield f"    return {model.label}.decode({predicted})"
    yield ""
    yield ""
    columns = dict(_columns(thaw(model.train.features))) | dict.fromkeys(model.partition, "VARCHAR")
    yield call("offer", literal(name), name, literal(columns), model.label)


def _columns(features: object) -> Iterator[tuple[str, str]]:
    """The names and types of the columns that features are made of."""
    match features:
        case {"column": str(name), "type": str(kind)}:
            yield name, kind
        case Mapping():
            yield from _columns([*features.values()])
        case list() | tuple():
            for one in features:
                yield from _columns(one)
        case _:
            pass

"""TRAIN in a plain script."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlml.codegen.python.families import FAMILIES, family
from sqlml.codegen.python.features.block import Block, Scope, block_of
from sqlml.codegen.python.layout import call, literal, quoted
from sqlml.codegen.python.measuring import KNOWN, measured
from sqlml.codegen.python.model import UNLABELLED, Held, Model
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Node, Relation, Train
from sqlml.workflow.serial import thaw
from sqlml.zoo import MODELS
from sqlml.zoo.bundle import model_type
from sqlml.zoo.model import Task

_SETTINGS = {
    "num_boost_round", "seed", "series", "time", "early_stopping_rounds", "validation.split",
    "validation.metrics", "weight", "group", "partition_by", "partition_default", "verbose",
    "num_workers", "disk_cache", "epoch", "batch_size",
}  # fmt: skip
_LABELS = {"classification": "classes"}  # others are amounts


def write(program: Program, node: Node, train: Train) -> Iterator[str]:
    model = model_of(program, node, train)
    if model is None:
        return
    name = model.name
    program.store(node, train, model)
    program.imports.update(family(model.known.family).imports(model))
    yield f"rows = fetch({program.rows(node)})"
    if program.is_checked(node, train):
        yield f"{name}_rows = rows"
    if model.partition:
        yield from _fitted_apart(model, program.name(f"fit_{name}"))
        return
    yield from _prepared(model)
    yield from _fitted(model)
    yield from _validated(model)


def model_of(program: Program, node: Node, train: Train) -> Model | None:
    """What a training makes; None where it is refused."""
    known = model_type(train.estimator)
    if known.family not in FAMILIES:
        program.refuse(node, f"it knows {', '.join(FAMILIES)}, not `{train.estimator}`")
        return None
    name = program.name_model(train.into.rpartition(".")[2])
    features = features_of(program, node, train, name)
    model = Model(name, train, task_of(train), features, held_of(program, node, train))
    check(program, node, model)
    return None if program.is_refused(node) else model


def _fitted_apart(model: Model, fit: str) -> Iterator[str]:
    """A function that fits a model to some of the rows, and what it makes of each segment."""
    own = replace(model, name="model")
    yield f"{model.label} = {call('amounts', 'rows', literal(model.column))}"
    yield ""
    yield ""
    yield f"def {fit}(rows):"
    for line in (*_prepared(own, space=1), *_fitted(own)):
        yield f"    {line}" if line else ""
    predicted = family(model.known.family).predicted(own, own.matrix())
    yield f"    return lambda rows: {own.label}.decode({predicted})"
    yield ""
    yield ""
    told = call("fit_segments", fit, "rows", literal(list(model.partition)))
    yield f"{model.name} = {told}"
    if model.train.settings.get("partition_default"):
        yield f"{model.name}[None] = {fit}(rows)  # for other segments"


def _fitted(model: Model) -> Iterator[str]:
    """From `rows`, and `held_rows` where there are any, to the variable of the model."""
    yield f"matrix = {model.matrix()}"
    if model.column:
        yield f"label = {model.label}.encode(rows)"
    if model.held:
        yield f"held_matrix = {model.matrix('held_rows')}"
        yield f"held_label = {model.label}.encode(held_rows)"
    if group := model.train.settings.get("group"):
        yield f"sizes = group_sizes(rows, {literal(group)})"
    yield from family(model.known.family).fit(model)


def _prepared(model: Model, space: int = 2) -> Iterator[str]:
    """The label, the rows that are held back, and the function that makes the matrix.

    space: how many lines are left free around that.
    """
    if group := model.train.settings.get("group"):
        yield f"rows = by_group(rows, {literal(group)})"
    yield from labelled(model)
    yield from featured(model, space)


def labelled(model: Model) -> Iterator[str]:
    """The label, and the rows that are held back."""
    if model.column:
        kind = _LABELS.get(model.task, "amounts") if model.task else "classes_or_amounts"
        yield f"{model.label} = {call(kind, 'rows', literal(model.column))}"
    if model.held and model.held.query:
        yield f"held_rows = fetch({model.held.query})"
    elif model.held:
        told = call("held_back", "rows", literal(model.held.share), str(model.seed), model.label)
        yield f"rows, held_rows = {told}"


def featured(model: Model, space: int = 2) -> Iterator[str]:
    """What the features learn, and the function that makes the matrix."""
    for block in model.features:
        yield from block.learnt
    yield from applied(model, space)


def applied(model: Model, space: int = 2) -> Iterator[str]:
    """The function that makes the matrix, of features that have learnt."""
    yield from [""] * space
    yield f"def {model.name}_features(rows):"
    yield from (f"    {line}" for line in family(model.known.family).matrix(model))
    yield from [""] * space


def _validated(model: Model) -> Iterator[str]:
    names: Any = model.train.settings.get("validation.metrics") or ()
    if names and model.held:
        yield "truth = held_label"
        yield from measured(model, "held_matrix", tuple(names))
        yield "tell(measured)"


def features_of(program: Program, node: Node, train: Train, name: str) -> list[Block]:
    specs: Any = thaw(train.features)
    native = model_type(train.estimator).categories == "native"
    scope = Scope(lambda wanted: program.name(f"{name}_{wanted}"), native)
    blocks = []
    for target, spec in ((name, one) for name, several in specs.items() for one in several):
        block = block_of(spec, scope)
        if block is None:
            program.refuse(node, f"it has no words for `{spec['function']}` as it is used here")
        else:
            blocks.append(replace(block, spec=spec, target=target))
    return blocks


def task_of(train: Train) -> Task | None:
    known = model_type(train.estimator)
    return MODELS.load(known.family).task(known, train.parameters)  # type: ignore[arg-type]


def held_of(program: Program, node: Node, train: Train) -> Held | None:
    """The rows that are not trained on."""
    share: Any = train.settings.get("validation.split")
    match node.inputs.get("validation"):
        case Relation(sql=sql):
            return Held(query=quoted(sql))
        case None:
            return Held(share) if share else None
        case _:
            program.refuse(node, "its rows to validate on are not those of a query")
            return None


def check(program: Program, node: Node, model: Model) -> None:
    train, settings = model.train, model.train.settings
    for reason in family(model.known.family).refusals(model):
        program.refuse(node, reason)
    is_labelled = model.task not in UNLABELLED
    if len(train.label) != is_labelled:
        program.refuse(node, "it has several labels" if is_labelled else "it has a label")
    for name in sorted({*settings} - _SETTINGS):
        program.refuse(node, f"it has the attribute `{name}`")
    if model.partition and (model.task != "regression" or (model.held and model.held.query)):
        program.refuse(
            node, "its segments are not those of a regression without `validation.select`"
        )
    if model.task == "ranking" and model.held:
        program.refuse(node, "it holds back rows of a ranking")
    if model.weights and (model.held or model.task == "ranking"):
        program.refuse(node, "it weighs rows, and holds some back or ranks them")
    names: Any = settings.get("validation.metrics") or ()
    for name in names:
        if name not in KNOWN:
            program.refuse(node, f"it has no words for the metric `{name}`")
    for name in {*node.inputs} - {"rows", "validation"}:
        program.refuse(node, f"it has the input `{name}`")

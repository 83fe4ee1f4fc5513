"""TRAIN of what a search finds, in a plain script: its trials, and the model of the best."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlml.codegen.python.families import FAMILIES, family
from sqlml.codegen.python.flow.blocks import block, trimmed
from sqlml.codegen.python.layout import Code, call, literal, quoted
from sqlml.codegen.python.measuring import KNOWN, measured, scored
from sqlml.codegen.python.model import Model
from sqlml.codegen.python.operators import train as training
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Node, Query, Relation, Train, Trial
from sqlml.workflow.serial import thaw
from sqlml.zoo.bundle import model_type
from sqlml.zoo.metrics import defaults_for, less_is_better
from sqlml.zoo.search import Candidate, Choice, Dimension, Range, Search
from sqlml.zoo.steps.trial_result import TrialResult

_FOLDS = "validation.folds"
_TASKS = (None, "classification", "regression")
_WITHOUT_ROUNDS = ("sklearn", "scorecard")  # families that a pruner cannot see at work


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of model that is tried. fit: the function that fits it."""

    candidate: Candidate
    model: Model
    fit: str


def write(program: Program, node: Node, train: Train) -> Iterator[str]:
    trial = program.searches[node.name]
    search = Search.from_json(thaw(trial.search))
    name = program.name_model(train.into.rpartition(".")[2])
    kinds = [_kind(program, node, trial, one, (name, train.into)) for one in search.candidates]
    _check(program, node, search, kinds)
    if program.is_refused(node):
        return
    model = kinds[0].model
    if len(kinds) > 1:
        model = replace(model, train=train, features=())
    program.store(node, train, model)
    score, trials = program.name(f"score_{name}"), program.name(f"{name}_trials")
    yield f"rows = fetch({program.rows(node)})"
    if program.is_checked(node, train):
        yield f"{name}_rows = rows"
    yield from training.labelled(model)
    for kind in kinds:
        program.imports.update(family(kind.model.known.family).imports(kind.model))
        lines = _fitted(kind, is_one_of_several=len(kinds) > 1)
        yield from ("", "", *block(f"def {kind.fit}(values, rows, held_rows):", lines))
    yield from ("", "", *block(f"def {score}(fitted, rows):", _score(model, search)), "", "")
    yield f"held_parts = {_parts(model, trial)}"
    candidates = [_candidate(kind) for kind in kinds]
    yield f"{trials} = {_trials(search, trial, model, candidates, score)}"
    if _are_read(program):
        yield call("note_trials", literal(train.into), trials)
    yield f"best_trial = {call('best_of', trials, **_direction(search))}"
    held = "held_rows" if model.held else "None"
    found = f"best_trial.candidate.fit({_best_values(search, train)}, rows, {held})"
    yield f"{name}, {name}_features = {found}"
    names: Any = train.settings.get("validation.metrics") or ()
    if names and model.held:
        yield f"truth = {model.label}.encode(held_rows)"
        yield f"held_matrix = {model.matrix('held_rows')}"
        yield from measured(model, "held_matrix", tuple(names))
        yield "tell(measured)"


def _kind(
    program: Program, node: Node, trial: Trial, candidate: Candidate, names: tuple[str, str]
) -> _Kind:
    """A candidate as it is written, with Python for what each trial has other values of."""
    name, into = names
    codes = {one: Code(f"values[{quoted(one)}]") for one in candidate.space}
    train = _train(trial, candidate, cast("Mapping[str, Any]", codes), into)
    if model_type(train.estimator).family not in FAMILIES:
        program.refuse(node, f"it knows {', '.join(FAMILIES)}, not `{train.estimator}`")
    example = _train(trial, candidate, {k: _ends(d)[0] for k, d in candidate.space.items()}, into)
    features = training.features_of(program, node, train, name)
    held = training.held_of(program, node, train)
    model = Model(name, train, training.task_of(example), features, held)
    short = candidate.estimator.rpartition(".")[2].lower()
    is_alone = len(Search.from_json(thaw(trial.search)).candidates) == 1
    fit = program.name(f"fit_{name}" if is_alone else f"fit_{name}_{short}")
    return _Kind(candidate, model, fit)


def _train(trial: Trial, candidate: Candidate, values: Mapping[str, Any], into: str) -> Train:
    taken = TrialResult(1, candidate.estimator, values, "stopped")
    taken = replace(taken, standardized=candidate.standardized)
    search = Search.from_json(thaw(trial.search))
    if search.halving is not None:  # which says the rounds of each trial
        resource = search.halving.resource
        code: Any = Code(f"values[{quoted(resource)}]")
        taken = replace(taken, values={**values, resource: code})
    given: Any = (trial.parameters, trial.settings)
    parameters, settings = cast("tuple[Any, Any]", taken.applied_to(*given))
    features: Any = taken.features(thaw(trial.features))
    return Train(candidate.estimator, parameters, settings, features, trial.label, into)


# --- lines ----------------------------------------------------------------------------------


def _fitted(kind: _Kind, *, is_one_of_several: bool) -> Iterator[str]:
    """The body of the function that fits a candidate to rows."""
    model, writer = kind.model, family(kind.model.known.family)
    yield from trimmed(training.featured(model, space=1))
    yield f"matrix = {model.matrix()}"
    yield f"label = {model.label}.encode(rows)"
    lines = [*writer.fit(model)]
    if any("held_" in line for line in lines):
        yield f"held_matrix = {model.matrix('held_rows')}"
        yield f"held_label = {model.label}.encode(held_rows)"
    yield from lines
    found = model.name
    if is_one_of_several:
        told = (writer.predicted(model, "matrix"), writer.chances(model, "matrix"))
        found = call("Chosen", *(f"lambda matrix: {one}" for one in told if one))
    yield f"return {found}, {model.name}_features"


def _score(model: Model, search: Search) -> Iterator[str]:
    """The body of the function that scores a fitted model on rows that it has not seen."""
    yield f"{model.name}, {model.name}_features = fitted"
    yield f"matrix = {model.matrix()}"
    yield f"truth = {model.label}.encode(rows)"
    yield from scored(model, "matrix", _metric(search, model))


def _parts(model: Model, trial: Trial) -> str:
    folds = trial.settings.get(_FOLDS)
    if folds and not model.held:
        return call("in_folds", "rows", literal(folds), str(model.seed), model.label)
    return "[(rows, held_rows)]"


def _candidate(kind: _Kind) -> str:
    one = kind.candidate
    space = {name: Code(_space(dimension)) for name, dimension in one.space.items()}
    named = {"first": literal(one.first)} if one.first else {}
    named |= {"most_rows": literal(one.most_rows)} if one.most_rows else {}
    return call("Candidate", literal(one.estimator), kind.fit, literal(space), **named)


def _space(dimension: Dimension) -> str:
    if isinstance(dimension, Choice):
        return literal(dimension.values)
    low, high = dimension.low, dimension.high
    if not (isinstance(low, int) and isinstance(high, int)):
        low, high = float(low), float(high)
    told: dict[str, Any] = {"low": low, "high": high}
    told |= {"step": dimension.step} if dimension.step else {}
    told |= {"log": True} if dimension.log else {}
    return literal(told)


def _trials(
    search: Search, trial: Trial, model: Model, candidates: Sequence[str], score: str
) -> str:
    metric = _metric(search, model)
    late = f'"r2" if {model.label}.classes is None else "accuracy"'
    told = (score, literal(metric) if metric else late, "held_parts")
    if search.exhaustive:
        return call("all_tried", candidates[0], *told)
    named = _direction(search)
    named |= {"seed": str(search.seed)} if search.seed else {}
    named |= {"timeout": literal(search.timeout)} if search.timeout else {}
    if search.halving is not None:
        rungs = literal([[rung.trials, rung.amount] for rung in search.halving.rungs])
        resource = literal(search.halving.resource)
        return call("halved", candidates[0], *told, resource, rungs, **named)
    named |= {"at_once": str(search.parallel)} if search.parallel != Search(()).parallel else {}
    named |= {"prunes": "True"} if search.pruner != "none" else {}
    return call("searched", f"[{', '.join(candidates)}]", *told, str(trial.trials), **named)


def _best_values(search: Search, train: Train) -> str:
    if search.halving is None:
        return "best_trial.values"
    resource = search.halving.resource
    return f"{{**best_trial.values, {literal(resource)}: {literal(search.halving.most)}}}"


def _metric(search: Search, model: Model) -> str:
    """Empty where the rows tell what is predicted, and so what is usual."""
    return search.metric or (defaults_for(model.task)[0] if model.task else "")


def _direction(search: Search) -> dict[str, str]:
    return {"maximize": "False"} if search.metric and less_is_better(search.metric) else {}


def _are_read(program: Program) -> bool:
    """Whether some query reads what the trials have found."""
    queries = (one.operation for one in program.workflow.nodes if isinstance(one.operation, Query))
    reads = [name for query in queries for name in query.reads]
    reads += [
        name
        for node in program.workflow.nodes
        for given in node.inputs.values()
        if isinstance(given, Relation)
        for name in given.reads
    ]
    return "sqlml_trials" in reads


# --- refusals -------------------------------------------------------------------------------


def _check(program: Program, node: Node, search: Search, kinds: Sequence[_Kind]) -> None:
    for kind in kinds:
        model, settings = kind.model, dict(kind.model.train.settings)
        folds = settings.pop(_FOLDS, None)
        own = replace(model, train=replace(model.train, settings=settings))
        training.check(program, node, own)
        if program.is_refused(node):
            return
        if model.task not in _TASKS or model.partition or settings.get("weight"):
            program.refuse(node, "it searches for more than a model of classes or amounts")
        if search.metric and search.metric not in KNOWN:
            program.refuse(node, f"it has no words for the metric `{search.metric}`")
        sees_rounds = model.known.family not in _WITHOUT_ROUNDS
        if search.pruner != "none" and not folds and sees_rounds:
            program.refuse(node, "it gives trials up within their rounds")
        for name, dimension in kind.candidate.space.items():
            if not _is_plain(kind, name, dimension):
                program.refuse(node, f"what it does depends on the value of `{name}`")
    if search.predictions:
        program.refuse(node, "it asks an advisor")
    if search.halving is not None and not search.halving.resource.startswith("train."):
        program.refuse(node, "it halves with some of the rows")


def _is_plain(kind: _Kind, name: str, dimension: Dimension) -> bool:
    """Whether the lines are the same for each value of an attribute, but for that value."""
    written = "\n".join(_lines(kind.model))
    code: Any = Code(f"values[{quoted(name)}]")
    for value in _ends(dimension):
        train = kind.model.train
        parts = [
            {key: value if known == code else known for key, known in part.items()}
            for part in (train.parameters, train.settings)
        ]
        known = replace(kind.model, train=replace(train, parameters=parts[0], settings=parts[1]))
        if "\n".join(_lines(known)) != written.replace(code.text, literal(value)):
            return False
    return True


def _lines(model: Model) -> Iterator[str]:
    writer = family(model.known.family)
    yield from writer.fit(model)
    yield writer.predicted(model, "matrix")
    yield writer.chances(model, "matrix")


def _ends(dimension: Dimension) -> tuple[Any, ...]:
    return (dimension.low, dimension.high) if isinstance(dimension, Range) else dimension.values

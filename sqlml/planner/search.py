"""The search that a training asks for: what is chosen, how many trials, by which metric."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from sqlml.planner.attributes import Attributes
from sqlml.planner.halving import plan_halving
from sqlml.planner.metrics import canonical_metrics
from sqlml.planner.plan import Read
from sqlml.planner.predictions import plan_predictions
from sqlml.planner.scope import Scope
from sqlml.planner.trials import Trials
from sqlml.source import Span
from sqlml.zoo import MODELS
from sqlml.zoo.attributes import Value
from sqlml.zoo.metrics import canonical, defaults_for
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.search import Candidate, Choice, Search
from sqlml.zoo.settings import SEARCH_FOLDS, SEARCH_SHARE, TUNE

MOST_TRIALS = 1000
TRIALS_OF_MANY = 60  # where several estimators compete; time mostly ends them
_BUDGET = "budget"
_WAYS_TO_VALIDATE = ("select", "split", "folds")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is searched for. task: None where only the rows tell. place: where its name stands.

    labelled: there is a label.
    """

    model: ModelType
    task: Task | None
    rows: Read
    place: Span
    labelled: bool


def plan_search(scope: Scope, attributes: Attributes, subject: Subject) -> Trials | None:
    """The trials; None where no attribute has several values. Faults are told to the scope."""
    place = next((given.written.value.span for given in attributes.searched()), subject.place)
    if not attributes.spaces() and not subject.model.candidates:
        _refuse_idle(scope, attributes)
        return None
    search = _search(scope, attributes, subject, place)
    if predictions := plan_predictions(scope, attributes, subject.model):
        search = replace(search, predictions=predictions, exhaustive=False)
    if search.exhaustive:
        trials: Value = search.combinations
    else:
        default = TRIALS_OF_MANY if subject.model.candidates else TUNE["trials"].default
        trials = attributes.value("tune", "trials") or default
        _check_sampling(scope, attributes, subject, place)
    assert isinstance(trials, int)
    halving = plan_halving(scope, attributes, subject.model, trials, place)
    if halving is not None:
        search = replace(search, halving=halving)
        trials = sum(rung.trials for rung in halving.rungs)
    if trials > MOST_TRIALS:
        scope.fault(
            "E0265",
            f"GRID gives {trials:,} combinations; a search has {MOST_TRIALS:,} trials at most",
            place,
            hint="add `tune.trials = 100` to try some of them, or give fewer values",
        )
    if not subject.rows.facts.deterministic:
        scope.fault(
            "E0266",
            "the query gives other rows at every look, and each trial looks at them",
            subject.rows.span,
            hint="keep the rows first: `CREATE TABLE … AS`",
        )
    return Trials(search, trials)


def task_of(scope: Scope, attributes: Attributes, model: ModelType) -> Task | None:
    """The task of the model with its parameters, which a search must not change."""
    family, parameters = MODELS.load(model.family), attributes.values("model")
    for name, dimension in attributes.spaces().items():
        namespace, _, parameter = name.partition(".")
        if namespace != "model" or not isinstance(dimension, Choice):
            continue
        tasks = {family.task(model, {**parameters, parameter: one}) for one in dimension.values}
        if len(tasks) > 1:
            given = attributes.find(namespace, parameter)
            assert given is not None
            scope.fault(
                "E0268",
                f"`{parameter}` would make some trials do another task than others",
                given.written.value.span,
                hint="one metric compares all trials: give values for one task",
            )
        parameters[parameter] = dimension.values[0]
    return family.task(model, parameters)


def examples(attributes: Attributes) -> dict[str, Value]:
    """One value of each parameter that is searched for, named as parameters are."""
    return {
        name.removeprefix("model."): one.values[0] if isinstance(one, Choice) else one.low
        for name, one in attributes.spaces().items()
        if not name.startswith("train.")
    }


def settings_of_trials(
    scope: Scope, attributes: Attributes, settings: Mapping[str, Value], subject: Subject
) -> Mapping[str, Value]:
    """The settings that trials share: there are rows to compare them on."""
    known = {name: value for name, value in settings.items() if name != _BUDGET}
    if not any(attributes.find("validation", way) for way in _WAYS_TO_VALIDATE):
        if subject.task == "forecasting":  # which looks ahead
            known["validation.split"] = SEARCH_SHARE
            rows = f"the newest {SEARCH_SHARE:.0%} of the rows"
        else:
            known["validation.folds"] = SEARCH_FOLDS
            rows = f"{SEARCH_FOLDS} folds of the rows"
        scope.note(f"trials are compared on {rows}", subject.place)
    return known


def _search(scope: Scope, attributes: Attributes, subject: Subject, place: Span) -> Search:
    model, space = subject.model, attributes.spaces()
    given: dict[str, Any] = attributes.values("tune")
    if model.candidates:
        budget = attributes.value("train", _BUDGET) or model.settings[_BUDGET].default
        given = {"timeout": budget, **given}
    grids = [isinstance(one, Choice) and one.grid for one in space.values()]
    return Search(
        model.candidates or (Candidate(model.name, space),),
        _metric(scope, attributes, subject, place),
        exhaustive="trials" not in given and not model.candidates and all(grids),
        seed=attributes.value("train", "seed") or 0,  # type: ignore[arg-type]
        **{name: given[name] for name in ("parallel", "timeout", "pruner") if name in given},
    )


def _metric(scope: Scope, attributes: Attributes, subject: Subject, place: Span) -> str:
    """The metric that compares trials; empty where the task will tell."""
    if given := attributes.find("tune", "metric"):
        owner = f"`{subject.model.name}`"
        return canonical_metrics(scope, given, subject.task, owner, labelled=subject.labelled)[0]
    if named := attributes.value("validation", "metrics"):
        assert isinstance(named, tuple)
        return canonical(str(named[0])) or ""
    if subject.task is not None and not defaults_for(subject.task, truth=subject.labelled):
        scope.fault(
            "E0267",
            f"no metric tells how good a {subject.task} is, so that trials cannot be compared",
            place,
            hint="give one value",
        )
    return ""


def _refuse_idle(scope: Scope, attributes: Attributes) -> None:
    for given in attributes.all_of("tune"):
        scope.fault(
            "E0262",
            f"`{given.written.name.text}` has no effect: no attribute has several values",
            given.span,
            hint="give a space to search, such as `RANGE(3, 10)`, to some attribute",
        )
        return


def _check_sampling(scope: Scope, attributes: Attributes, subject: Subject, place: Span) -> None:
    if not attributes.values("tune") and not subject.model.candidates:
        scope.fault(
            "E0263",
            f"`{place.text}` asks for a search, but nothing says how many trials it may have",
            place,
            hint=f"add `tune.trials = {TUNE['trials'].default}`; GRID alone tries everything",
        )
    elif find_spec("optuna") is None:
        scope.fault(
            "E0264",
            "a search needs Optuna, which is not installed",
            place,
            hint='pip install "sqlml[tune]"; GRID alone does without',
        )

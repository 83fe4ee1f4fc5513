"""Which values a trial takes: told from the results of earlier trials alone, by Optuna."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from sqlml.zoo.attributes import Value
from sqlml.zoo.halving import Halving
from sqlml.zoo.metrics import less_is_better
from sqlml.zoo.search import Candidate, Choice, Dimension, Search
from sqlml.zoo.steps.trial_result import TrialResult, ranked

if TYPE_CHECKING:
    import optuna

ESTIMATOR = "estimator"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate and values for its attributes. asked: the trial of Optuna's study, if any.

    rung: of successive halving, from 0. is_needed: False where too few trials came so far.
    """

    candidate: Candidate
    values: Mapping[str, Value]
    asked: Any = None
    rung: int = 0
    is_needed: bool = True

    def is_hopeless(self, step: int, score: float) -> bool:
        """Whether the pruner gives the trial up, after so many rounds or folds."""
        if self.asked is None:
            return False
        self.asked.report(score, step)
        return bool(self.asked.should_prune())


def suggest(search: Search, earlier: Sequence[TrialResult], number: int) -> Suggestion:
    """The values of trial `number` (from 1). earlier: the results of all earlier generations.

    The study is played again from its beginning: each generation is asked for, then told. So the
    same results always lead to the same values, wherever and whenever the trial runs.
    """
    if search.halving is not None:
        return _on_rung(search, search.halving, earlier, number)
    if search.exhaustive:
        (candidate,) = search.candidates
        choices = [d.values for d in candidate.space.values() if isinstance(d, Choice)]
        values = next(islice(product(*choices), number - 1, None))
        return Suggestion(candidate, dict(zip(candidate.space, values, strict=True)))
    metric = search.metric or next((one.metric for one in earlier if one.metric), "")
    study = _study(search, "minimize" if metric and less_is_better(metric) else "maximize")
    for start in range(0, number, search.parallel):
        size = min(search.parallel, number - start)
        suggestions = [_ask(study, search) for _ in range(size)]
        for suggestion, result in zip(suggestions, earlier[start : start + size], strict=False):
            _tell(study, suggestion.asked, result)
    return suggestions[-1]


def draw(search: Search, number: int) -> list[Mapping[str, Value]]:
    """So many values for trial `number` as predictions are asked for, drawn by the seed."""
    study = _study(replace(search, seed=search.seed * 100_003 + number), "maximize")
    return [_ask(study, search).values for _ in range(search.predictions)]


def _on_rung(
    search: Search, halving: Halving, earlier: Sequence[TrialResult], number: int
) -> Suggestion:
    """The values of a trial of successive halving: drawn for the first rung, which knows nothing;
    those of the best of the rung before, in the order of their scores, for any other.
    """
    place = halving.rung_of(number)
    rung = halving.rungs[place]
    amount = {halving.resource: rung.amount}
    if not place:
        first = suggest(replace(search, halving=None, parallel=halving.trials), (), number)
        return replace(first, values={**first.values, **amount}, asked=None)
    before = ranked(earlier[halving.rungs[place - 1].start : rung.start])
    (candidate,) = search.candidates
    chosen = number - 1 - rung.start
    if chosen >= len(before):
        return Suggestion(candidate, {}, rung=place, is_needed=False)
    return Suggestion(candidate, {**before[chosen].values, **amount}, rung=place)


def _study(search: Search, direction: str) -> "optuna.Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruners = {"none": optuna.pruners.NopPruner, "median": optuna.pruners.MedianPruner}
    study = optuna.create_study(
        direction=direction,
        sampler=optuna.samplers.TPESampler(seed=search.seed, constant_liar=True),
        pruner=pruners[search.pruner](),
    )
    if len(search.candidates) > 1:
        for place, candidate in enumerate(search.candidates):
            study.enqueue_trial({ESTIMATOR: place, **_first(candidate)})
    return study


def _first(candidate: Candidate) -> dict[str, Any]:
    """A candidate's first values, as the study knows them: choices by their place."""
    first = {}
    for name, value in candidate.first.items():
        dimension = candidate.space[name]
        place = dimension.values.index(value) if isinstance(dimension, Choice) else value
        first[f"{candidate.estimator} {name}"] = place
    return first


def _ask(study: "optuna.Study", search: Search) -> Suggestion:
    trial = study.ask()
    candidate, prefix = search.candidates[0], ""
    if len(search.candidates) > 1:
        places = range(len(search.candidates))
        candidate = search.candidates[trial.suggest_categorical(ESTIMATOR, places)]
        prefix = f"{candidate.estimator} "
    values = {name: _value(trial, prefix + name, one) for name, one in candidate.space.items()}
    return Suggestion(candidate, values, trial)


def _value(trial: "optuna.Trial", name: str, dimension: Dimension) -> Value:
    if isinstance(dimension, Choice):  # by place: a value may be a list, which Optuna does not take
        place: int = trial.suggest_categorical(name, range(len(dimension.values)))
        return dimension.values[place]
    low, high, step, log = dimension.low, dimension.high, dimension.step, dimension.log
    if isinstance(low, int) and isinstance(high, int):
        return int(trial.suggest_int(name, low, high, step=int(step or 1), log=log))
    return float(trial.suggest_float(name, low, high, step=step, log=log))


def _tell(study: "optuna.Study", trial: "optuna.Trial", result: TrialResult) -> None:
    from optuna.trial import TrialState

    for step, score in result.course:
        trial.report(score, int(step))
    if result.state == "complete" and result.score is not None:
        study.tell(trial, result.score)
    else:
        study.tell(trial, state=TrialState.PRUNED if result.state == "pruned" else TrialState.FAIL)

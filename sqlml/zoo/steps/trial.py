"""One trial of a search: take the values that earlier results suggest, fit, and give the score."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from time import time
from typing import Any, cast

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.advisor import Advisor, advisor
from sqlml.zoo.attributes import Value
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.halving import ROWS
from sqlml.zoo.metrics import defaults_for
from sqlml.zoo.search import Candidate, Search
from sqlml.zoo.steps.advice import Question, best_predicted, data_card, model_card
from sqlml.zoo.steps.cross_validation import PREFIX, cross_validate
from sqlml.zoo.steps.fewer_rows import fewer_rows
from sqlml.zoo.steps.fitted import fit_all
from sqlml.zoo.steps.fitting import Order, Specs, fit_features, fit_model, look, measured, unfitted
from sqlml.zoo.steps.outcome import Outcome
from sqlml.zoo.steps.suggestion import draw, suggest
from sqlml.zoo.steps.survey import Survey
from sqlml.zoo.steps.training_data import TrainingData, prepare
from sqlml.zoo.steps.trial_result import TrialResult, seconds_spent
from sqlml.zoo.steps.watch import Ended, Watch


def run(
    context: Context,
    *,
    number: int,
    search: Mapping[str, Any],
    parameters: Mapping[str, Any],
    settings: Mapping[str, Any],
    features: Mapping[str, Any],
    label: Sequence[str],
    trials: int,
    rows: Rows,
    validation: Rows | None = None,
    base: str | None = None,
    earlier: Sequence[str] = (),
) -> Outcome:
    """Give the result of trial `number` of `trials` as the output `trial`; nothing is published.

    earlier: the results of all earlier generations, which alone decide what is tried. A combination
    that the library refuses is a result, too.

    Raises:
        StepError: E0955, the advisor that is to be asked cannot be.
    """
    asked, results = Search.from_json(search), [TrialResult.from_text(text) for text in earlier]
    suggestion = suggest(asked, results, number)
    found = advisor() if asked.predictions else None
    began = time()
    left = _seconds_left(asked, results)
    candidate = suggestion.candidate
    result = TrialResult(
        number,
        candidate.estimator,
        suggestion.values,
        "stopped",
        standardized=candidate.standardized,
        began=began,
        ended=began,
        rung=suggestion.rung,
        resource="" if asked.halving is None else asked.halving.resource,
    )
    if left <= 0 or not suggestion.is_needed:
        return _outcome(result)
    watch = Watch(suggestion, prunes=asked.pruner != "none", until=began + left)
    quiet = cast("Context", _Quiet(context))
    try:
        share = result.values.get(ROWS)
        granted = result if share else replace(result, resource="")
        taken = granted.applied_to(parameters, settings)
        order = Order.of(quiet, result.estimator, *taken, base)
        looked = look(quiet, rows, label, order)
        if isinstance(share, float):
            rows, looked = fewer_rows(quiet, rows, looked, order, share)
        _refuse_many_rows(looked, candidate)
        watch.metric = asked.metric or (*order.metrics, *defaults_for(looked.task))[0]
        if asked.predictions and (
            values := _advised(
                context, found, asked, results, number, rows=rows, looked=looked, order=order
            )
        ):
            result = replace(result, values=values)
            order = Order.of(
                quiet, result.estimator, *result.applied_to(parameters, settings), base
            )
        order = order.measuring(watch.metric)
        specs = result.features(features)
        if order.partition:
            score = _score_of_segments(
                quiet, rows, validation, specs, label, looked=looked, order=order
            )
        else:
            data = prepare(
                quiet,
                rows,
                validation,
                pipeline=unfitted(specs, order),
                looked=looked,
                settings=order.settings,
            )
            score = _score(quiet, data, specs=specs, looked=looked, order=order, watch=watch)
        result = replace(result, state="complete", score=score)
    except Ended as ended:
        result = replace(result, state=ended.state)
    except StepError as error:
        result = replace(result, state="failed", failure=_told(error.diagnostics[0]))
    return _outcome(replace(result, metric=watch.metric, course=watch.course, ended=time()))


def _advised(
    context: Context,
    found: Advisor | None,
    search: Search,
    results: Sequence[TrialResult],
    number: int,
    *,
    rows: Rows,
    looked: Survey,
    order: Order,
) -> Mapping[str, Value] | None:
    """The values that an advisor predicts most of; None without an advisor, with a note."""
    if found is None:
        if number == 1:
            context.note("no `advisor` is set: trials are chosen by what earlier ones have found")
        return None
    metric = search.metric or (*order.metrics, *defaults_for(looked.task))[0]
    question = Question(data_card(rows, looked, metric), model_card(order, search), metric, results)
    several = draw(search, number)
    values, problems = best_predicted(found, question, several)
    if problems:
        context.note(
            f"trial {number}: {len(problems)} of {len(several)} predictions were of no use:"
            f" {problems[0]}"
        )
    return values or several[0]


def _score(
    context: Context,
    data: TrainingData,
    *,
    specs: Specs,
    looked: Survey,
    order: Order,
    watch: Watch,
) -> float:
    """The metric on the rows that are held back.

    Raises:
        Ended: the fit was given up.
        StepError: the metric is not defined on these rows.
    """
    if data.folds:
        scores = cross_validate(
            context, data, specs=specs, looked=looked, order=order, watcher=watch
        )
        score = scores.get(f"{PREFIX}{watch.metric}", math.nan)
    else:
        data = fit_features(context, data, specs, order)
        assert data.validation is not None, "a search has rows to compare trials on"
        fitted = fit_model(context, data, looked, order, watch.see_round)
        score = measured(fitted, data.validation, looked, order.metrics)[watch.metric]
    return _defined(score, watch.metric)


def _score_of_segments(
    context: Context,
    rows: Rows,
    validation: Rows | None,
    specs: Specs,
    label: Sequence[str],
    *,
    looked: Survey,
    order: Order,
) -> float:
    """The mean of the segments' metrics on the rows that are held back, each row counting the same.

    Raises:
        StepError: the metric is not defined on the rows of some segment.
    """
    fitted = fit_all(context, rows, validation, specs, label, looked=looked, order=order)
    metric, found = order.metrics[0], fitted.manifest.metrics
    score = found.get(f"validation_{metric}", found.get(f"{PREFIX}{metric}", math.nan))
    return _defined(score, metric)


def _defined(score: float, metric: str) -> float:
    if math.isnan(score):
        message = f"`{metric}` is not defined on the rows that were held back"
        hint = "hold more rows back, or choose another `tune.metric`"
        raise StepError(Diagnostic("E0563", message, hint=hint, about="attribute tune.metric"))
    return score


def _refuse_many_rows(looked: Survey, candidate: Candidate) -> None:
    if candidate.most_rows is not None and looked.rows > candidate.most_rows:
        message = f"`{candidate.estimator}` is tried on {candidate.most_rows:,} rows at most"
        raise StepError(Diagnostic("E0564", message, about="model"))


def _seconds_left(search: Search, earlier: Sequence[TrialResult]) -> float:
    """Until the search's time is up. The first generation has all the time it needs."""
    if search.timeout is None or not earlier:
        return math.inf
    return search.timeout - seconds_spent(earlier)


def _told(diagnostic: Diagnostic) -> dict[str, str]:
    return {name: text for name, text in asdict(diagnostic).items() if name != "span" and text}


def _outcome(result: TrialResult) -> Outcome:
    outputs = {"trial": result.text()}
    match result.state:
        case "complete":
            assert result.score is not None, "a complete trial has a score"
            summary = f"{result.metric} {result.score:.4f}"
            return Outcome(summary, {result.metric: result.score}, outputs)
        case "failed":
            return Outcome(f"failed: {result.failure['message']}", outputs=outputs)
        case "pruned":
            return Outcome("pruned", outputs=outputs)
        case "stopped":
            began = result.ended > result.began
            return Outcome("stopped: the time was up" if began else "", outputs=outputs)


class _Quiet:
    """A context without notes: the training that follows says once what many trials would say."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def note(self, message: str) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

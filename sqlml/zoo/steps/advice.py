"""Hyperparameters by predicted training logs: algorithm 4 of the Couler paper (ICDE 2024).

A language model is told what the rows and the model are (Data Card, Model Card) and predicts, for
each of some settings, how their training would go. The best predicted one is really tried.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlml.zoo.advisor import Advisor, NoAnswer
from sqlml.zoo.attributes import Value
from sqlml.zoo.context import Rows
from sqlml.zoo.metrics import less_is_better
from sqlml.zoo.search import Search
from sqlml.zoo.steps.fitting import Order
from sqlml.zoo.steps.survey import Survey
from sqlml.zoo.steps.trial_result import TrialResult, ranked

Card = Mapping[str, Any]
_MOST_SHOWN = 20  # of classes, and of trainings that were done

_PROMPT = """You predict how the training of a model goes, without running it.

Data Card
{data}

Model Card
{model}

Trainings that were done, with their `{metric}` on rows that were held back
{done}

Hyperparameters
{values}

Answer with the training log that you expect for these hyperparameters: one JSON object on each
line, such as {{"round": 1, "{metric}": 0.5}}. The last line tells the `{metric}` of the finished
model on rows that were held back.
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What an advisor is asked. earlier: what came of other hyperparameters."""

    data: Card
    model: Card
    metric: str
    earlier: Sequence[TrialResult] = ()

    def prompt(self, values: Mapping[str, Value]) -> str:
        done = [
            _json({**one.values, self.metric: one.score})
            for one in ranked(self.earlier)[:_MOST_SHOWN]
        ]
        return _PROMPT.format(
            data=_json(self.data),
            model=_json(self.model),
            metric=self.metric,
            done="\n".join(done) or "none yet",
            values=_json(values),
        )


def data_card(rows: Rows, looked: Survey, metric: str) -> Card:
    """What the rows are; no values of theirs but the names of classes."""
    classes = [str(one) for one in (looked.classes or ())[:_MOST_SHOWN]]
    return {
        "query": rows.sql,
        "rows": looked.rows,
        "columns": {field.name: str(field.type) for field in rows.schema},
        "label": [label.name for label in looked.labels],
        "label space": classes or "numbers",
        "task": looked.task,
        "metric": metric,
    }


def model_card(order: Order, search: Search) -> Card:
    """What the model is, and the ranges of its hyperparameters."""
    model, space = order.model, search.candidates[0].space
    fixed = {**order.parameters, **order.settings}
    return {
        "model": model.name,
        "description": model.doc,
        "structure": {name: v for name, v in fixed.items() if not _is_searched(name, space)},
        "hyperparameters": {name: str(dimension) for name, dimension in space.items()},
    }


def best_predicted(
    advisor: Advisor, question: Question, several: Sequence[Mapping[str, Value]]
) -> tuple[Mapping[str, Value] | None, list[str]]:
    """The hyperparameters with the best predicted log, and what was wrong with other answers."""
    sign = 1 if less_is_better(question.metric) else -1
    predicted: list[tuple[float, int]] = []
    problems = []
    for place, values in enumerate(several):
        try:
            log = advisor.complete(question.prompt(values))
            predicted.append((sign * predicted_score(log, values, question.metric), place))
        except NoAnswer as problem:
            problems.append(str(problem))
    return (several[min(predicted)[1]] if predicted else None), problems


def predicted_score(log: str, values: Mapping[str, Value], metric: str) -> float:
    """The metric on the last line of a predicted log; lines that are no JSON objects do not count.

    Raises:
        NoAnswer: no line tells the metric, it cannot have that value, or the log is of others.
    """
    lines = [line for line in map(_object, str(log).splitlines()) if metric in line]
    if not lines:
        raise NoAnswer(f"no line of the answer tells `{metric}`")
    for name, value in values.items():
        if lines[-1].get(name, value) != value:
            raise NoAnswer(f"the answer is of another `{name}` than was asked for")
    score = lines[-1][metric]
    if isinstance(score, bool) or not isinstance(score, int | float) or not _can_be(score, metric):
        raise NoAnswer(f"`{metric}` cannot be {score!r}")
    return float(score)


def _can_be(score: float, metric: str) -> bool:
    """Losses are not negative; what is better the more it is ends at 1."""
    return math.isfinite(score) and (score >= 0 if less_is_better(metric) else score <= 1)


def _object(line: str) -> Mapping[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _is_searched(name: str, space: Mapping[str, Any]) -> bool:
    return any(name == searched.partition(".")[2] for searched in space)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)

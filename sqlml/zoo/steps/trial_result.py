"""What a trial of a search came to, as later trials, the training and the store read it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.attributes import Value, written
from sqlml.zoo.metrics import less_is_better

State = Literal["complete", "pruned", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class TrialResult:
    """values: of attributes by their names with namespace (`model.eta`), as the trial took them.

    standardized: the features are, as Candidate says. course: the score as it was known after so
    many rounds or folds, where somebody looks at it. began and ended: seconds since the epoch.
    failure: the diagnostic of a trial that failed. rung: of successive halving, from 0. resource:
    the attribute that grows from rung to rung, which the model itself gets as the program says.
    """

    number: int
    estimator: str
    values: Mapping[str, Value]
    state: State
    metric: str = ""
    score: float | None = None
    standardized: bool = False
    course: Sequence[Sequence[float]] = ()
    began: float = 0.0
    ended: float = 0.0
    failure: Mapping[str, str] = field(default_factory=dict)
    rung: int = 0
    resource: str = ""

    @property
    def words(self) -> str:
        """Its values as they are written in a program."""
        return in_words(self.values)

    def features(self, features: Mapping[str, Sequence[Any]]) -> Mapping[str, Sequence[Any]]:
        """Features, as the IR has them, with plain numbers standardized if that is due."""
        if not self.standardized:
            return features
        return {
            target: [
                {"function": "STANDARDIZE", "of": spec} if spec["function"] == "NUMERIC" else spec
                for spec in specs
            ]
            for target, specs in features.items()
        }

    def summary(self) -> dict[str, Any]:
        """What is kept with the model: without the course, and the failure in words."""
        kept = ("number", "estimator", "values", "state", "metric", "score")
        return {
            **{name: getattr(self, name) for name in kept},
            "seconds": self.ended - self.began,
            "failure": self.failure.get("message", ""),
        }

    def text(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "TrialResult":
        told = json.loads(text)
        told["values"] = {name: _tuples(value) for name, value in told["values"].items()}
        return cls(**told)

    def applied_to(
        self, parameters: Mapping[str, Value], settings: Mapping[str, Value]
    ) -> tuple[dict[str, Value], dict[str, Value]]:
        """Parameters and settings with the values that were found among them."""
        parameters, settings = dict(parameters), dict(settings)
        for name, value in self.values.items():
            if name == self.resource:
                continue
            namespace, _, rest = name.partition(".")
            if namespace == "train":
                settings[rest] = value
            else:
                parameters[rest if namespace == "model" else name] = value
        return parameters, settings


def in_words(values: Mapping[str, Value]) -> str:
    """Attributes as they are written in a program, numbers to six digits."""
    return ", ".join(f"{name} = {_shown(value)}" for name, value in values.items())


def best_of(results: Sequence[TrialResult]) -> TrialResult:
    """The complete trial with the best score, of the last rung that has any; the first of equals.

    Raises:
        StepError: none is complete; the fault of all of them, if it is the same one.
    """
    complete = ranked(results)
    if not complete:
        raise StepError(_fault_of_all(results))
    return max(complete, key=lambda one: one.rung)


def ranked(results: Iterable[TrialResult]) -> list[TrialResult]:
    """The complete trials, the best score first; equals as they come."""
    complete = [one for one in results if one.state == "complete" and one.score is not None]
    sign = 1 if complete and less_is_better(complete[0].metric) else -1
    return sorted(complete, key=lambda one: sign * (one.score or 0.0))


def seconds_spent(results: Iterable[TrialResult]) -> float:
    """How long there was a trial at work: what ran side by side counts once, pauses do not."""
    spent, until = 0.0, 0.0
    for one in sorted(results, key=lambda one: one.began):
        spent += max(0.0, one.ended - max(one.began, until))
        until = max(until, one.ended)
    return spent


def _fault_of_all(results: Sequence[TrialResult]) -> Diagnostic:
    failures = [one.failure for one in results if one.failure]
    if not failures:
        return Diagnostic(
            "E0561",
            "no trial was complete when the time was up",
            hint="raise `tune.timeout`, or train on fewer rows",
            about="attribute tune.timeout",
        )
    first = Diagnostic(**failures[0])  # type: ignore[arg-type]
    if len(failures) == len(results) and all(one == failures[0] for one in failures):
        return first
    return Diagnostic(
        "E0562",
        f"none of {len(results)} trials is complete; the first that failed: {first.message}",
        label=first.label,
        hint=first.hint,
        about=first.about,
    )


def _shown(value: Value) -> str:
    return f"{value:.6g}" if isinstance(value, float) else written(value)


def _tuples(value: Any) -> Value:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value

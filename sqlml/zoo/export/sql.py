"""A model as one SELECT over a table: its features, its scores, and what they come to.

Only plain SQL is used: CTEs, CASE, arithmetic, `exp` and `ln`, and EXTRACT where there are dates.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlml.quoting import identifier, literal
from sqlml.zoo.bundle import Manifest
from sqlml.zoo.export.contract import Export, Format, inexpressible
from sqlml.zoo.export.matrix import blocks, starts
from sqlml.zoo.export.scoring import MODELS, Link, Scoring, Unknown, refuse_lists, scoring_of
from sqlml.zoo.export.sql_features import KNOWN, feature_columns, number_literal
from sqlml.zoo.export.sql_segments import select_by_segment
from sqlml.zoo.export.sql_sums import feature_name, sums
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import ClassValue, class_name


def select(export: Export) -> str:
    """The SELECT that gives what PREDICT with `predict.probability = TRUE` gives, and all extras.

    Raises:
        StepError: E0581, the model or one of its features has no SQL.
    """
    bundle = export.bundle
    if bundle.manifest.segments:
        return select_by_segment(export, select)
    try:
        refuse_lists(bundle.manifest.labels)
        scoring = scoring_of(bundle.estimator)
    except Unknown as unknown:
        raise inexpressible(str(unknown), "SQL", f"written are {MODELS}") from unknown
    try:
        features = feature_columns(blocks(bundle.pipeline, scoring))
    except Unknown as unknown:
        raise inexpressible(str(unknown), "SQL", f"written are {KNOWN}") from unknown
    gaps = tuple(_gaps(bundle.pipeline))
    return _Writer(export, scoring, features, gaps).text()


def _write(export: Export, to: Path) -> None:
    to.write_text(select(export), "utf-8")


FORMAT = Format(".sql", _write)


class _Writer:
    """Writes one CTE after the other, each over the one before."""

    def __init__(
        self,
        export: Export,
        scoring: Scoring,
        features: Sequence[str],
        gaps: Sequence[int],
    ) -> None:
        self._export = export
        self._manifest: Manifest = export.bundle.manifest
        self._scoring = scoring
        self._features = features
        self._gaps = gaps
        scores = range(len(scoring.scores))
        self._scores = [f"sqlml_score_{place}" for place in scores]
        self._links = [f"sqlml_link_{place}" for place in scores]
        self._extras = [f"sqlml_extra_{place}" for place in range(len(scoring.extras))]
        self._results = dict(self._named_results())
        replaced = {name.casefold() for name in self._results}
        columns = export.columns or export.bundle.pipeline.columns
        self._kept = [identifier(c) for c in columns if c.casefold() not in replaced]

    def text(self) -> str:
        made = sums(self._scoring, self._gaps)
        features = self._used_features()
        carried = {name: name for name in features}  # to the stages behind the first
        stages = [{**carried, **stage} for stage in made.stages[:-1]] + [*made.stages[-1:]]
        steps = [
            ("sqlml_features", features),
            *((f"sqlml_sums_{number}", stage) for number, stage in enumerate(stages)),
            ("sqlml_scores", dict(zip([*self._scores, *self._extras], made.totals, strict=True))),
            ("sqlml_linked", self._linked()),
        ]
        sources = [self._export.table, *(name for name, _ in steps)]
        ctes = ",\n".join(
            f"{name} AS (\n  SELECT {self._columns(columns)}\n  FROM {source}\n)"
            for (name, columns), source in zip(steps, sources, strict=False)
        )
        results = (f"{sql} AS {identifier(name)}" for name, sql in self._results.items())
        final = ",\n  ".join([*self._kept, *results])
        return f"{self._heading()}WITH {ctes}\nSELECT\n  {final}\nFROM sqlml_linked\n"

    def _heading(self) -> str:
        about = f"{self._export.reference}: {self._manifest.estimator}, {self._manifest.task}"
        return f"-- {' '.join(about.split())}, written by sqlml {self._manifest.sqlml}\n"

    def _columns(self, added: Mapping[str, str]) -> str:
        return ",\n    ".join(
            [*self._kept, *(f"{expression} AS {name}" for name, expression in added.items())]
        )

    def _used_features(self) -> dict[str, str]:
        used = self._scoring.features | set(self._gaps)
        return {feature_name(place): self._features[place] for place in sorted(used)}

    def _linked(self) -> dict[str, str]:
        linked = _LINKED[self._scoring.link](self._scores, number_literal(self._scoring.scale))
        return {
            **{score: score for score in (*self._scores, *self._extras)},
            **dict(zip(self._links, linked, strict=True)),
        }

    def _named_results(self) -> Iterator[tuple[str, str]]:
        """The columns that PREDICT adds, and what they are."""
        labels = [one["name"] for one in self._manifest.label] or ["prediction"]
        classes = self._scoring.classes
        if classes is None:
            yield from zip(labels, self._links, strict=True)
            return
        (name,) = labels
        values = self._manifest.classes or tuple(range(len(classes)))
        yield name, self._predicted(classes, values)
        if self._scoring.probable:
            own = (values[number] for number in classes)
            shares = dict(zip(own, self._shares(), strict=True))
            for value in self._export.classes or values:
                yield f"{name}_proba_{class_name(value)}", shares.get(value, "0e0")
        yield from zip((f"{name}_{e}" for e in self._scoring.extras), self._extras, strict=True)

    def _shares(self) -> list[str]:
        links = self._links
        return [f"1 - {links[0]}", links[0]] if len(links) == 1 else links

    def _predicted(self, classes: Sequence[int], values: Sequence[ClassValue]) -> str:
        """The class of the largest score, the first of equal ones; NULL where there is none."""
        scores, chosen = self._scores, [_value(values[number]) for number in classes]
        if len(scores) == 1:
            (score,) = scores
            return f"CASE WHEN {score} > 0 THEN {chosen[1]} WHEN {score} <= 0 THEN {chosen[0]} END"
        cases = []
        for place, score in enumerate(scores):
            tests = [f"{score} >= {other}" for other in scores[place + 1 :]]
            test = " AND ".join(tests or [f"{score} IS NOT NULL"])
            cases.append(f"WHEN {test} THEN {chosen[place]}")
        return f"CASE {' '.join(cases)} END"


def _gaps(pipeline: Pipeline) -> Iterator[int]:
    """The places in the matrix where NULL would come as NaN, which the model does not take."""
    if not pipeline.encoding.missing:
        for start, feature in zip(starts(pipeline), pipeline.features, strict=True):
            width = feature.width(pipeline.encoding)
            yield from range(start, start + width) if feature.gaps else ()


def _value(value: ClassValue) -> str:
    match value:
        case bool():
            return str(value).upper()
        case int():
            return str(value)
        case _:
            return literal(value)


# --- links ----------------------------------------------------------------------------------


def _logistic(scores: Sequence[str], scale: str) -> list[str]:
    return [f"1 / (1 + exp(-({scale} * {score})))" for score in scores]


def _normalized(scores: Sequence[str], scale: str) -> list[str]:
    shares = _logistic(scores, scale)
    total = " + ".join(shares)
    return [f"({share}) / ({total})" for share in shares]


def _softmax(scores: Sequence[str], _scale: str) -> list[str]:
    return [
        f"1 / ({' + '.join(f'exp({other} - {score})' for other in scores)})" for score in scores
    ]


_LINKED: Mapping[Link, Any] = {
    "identity": lambda scores, _: list(scores),
    "exp": lambda scores, _: [f"exp({score})" for score in scores],
    "signed_square": lambda scores, _: [f"{score} * abs({score})" for score in scores],
    "softplus": lambda scores, _: [f"ln(1 + exp({score}))" for score in scores],
    "logistic": _logistic,
    "normalized_logistic": _normalized,
    "softmax": _softmax,
}

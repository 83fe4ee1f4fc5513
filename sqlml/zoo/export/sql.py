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
from sqlml.zoo.export.scoring import (
    MODELS,
    Below,
    Link,
    Node,
    OneOf,
    Score,
    Scoring,
    Unknown,
    refuse_lists,
    scoring_of,
)
from sqlml.zoo.export.sql_features import KNOWN, feature_columns, number_literal
from sqlml.zoo.export.sql_segments import select_by_segment
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import ClassValue, class_name

# Terms that are added up in one expression: databases limit how deep an expression is.
TERMS = 50


def select(export: Export) -> str:
    """The SELECT that gives what PREDICT with `predict.probability = TRUE` gives.

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
        self._results = dict(self._named_results())
        replaced = {name.casefold() for name in self._results}
        columns = export.columns or export.bundle.pipeline.columns
        self._kept = [identifier(c) for c in columns if c.casefold() not in replaced]

    def text(self) -> str:
        sums, totals = self._sums()
        steps = [
            ("sqlml_features", self._columns(self._used_features()), self._export.table),
            ("sqlml_sums", self._columns(sums), "sqlml_features"),
            ("sqlml_scores", self._columns(totals), "sqlml_sums"),
            ("sqlml_linked", self._columns(self._linked()), "sqlml_scores"),
        ]
        ctes = ",\n".join(
            f"{name} AS (\n  SELECT {columns}\n  FROM {source}\n)"
            for name, columns, source in steps
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
        return {_feature(place): self._features[place] for place in sorted(used)}

    def _sums(self) -> tuple[dict[str, str], dict[str, str]]:
        """Sums of some terms each, and the scores that they make."""
        sums: dict[str, str] = {}
        totals = {}
        for name, score in zip(self._scores, self._scoring.scores, strict=True):
            parts = []
            written = list(_terms(score))
            for start in range(0, len(written), TERMS):
                terms = written[start : start + TERMS]
                part = f"sqlml_sum_{len(sums)}"
                sums[part] = self._unless_missing("\n      + ".join(terms))
                parts.append(part)
            total = " + ".join(parts) or "0e0"
            if score.share != 1:
                total = f"({total}) * {number_literal(score.share)}"
            totals[name] = f"{number_literal(score.constant)} + {total}"
        return sums, totals

    def _unless_missing(self, expression: str) -> str:
        """NULL where a feature is NULL that the model must have."""
        if not self._gaps:
            return expression
        tests = " OR ".join(f"{_feature(place)} IS NULL" for place in self._gaps)
        return f"CASE WHEN {tests} THEN NULL ELSE {expression} END"

    def _linked(self) -> dict[str, str]:
        linked = _LINKED[self._scoring.link](self._scores, number_literal(self._scoring.scale))
        return {
            **{score: score for score in self._scores},
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


def _feature(place: int) -> str:
    return f"sqlml_feature_{place}"


def _value(value: ClassValue) -> str:
    match value:
        case bool():
            return str(value).upper()
        case int():
            return str(value)
        case _:
            return literal(value)


# --- scores ---------------------------------------------------------------------------------


def _terms(score: Score) -> Iterator[str]:
    for tree in score.trees:
        yield _case(tree)
    for place, weight in (score.weights or {}).items():
        yield f"{number_literal(weight)} * {_feature(place)}"


def _case(node: Node) -> str:
    """A tree as nested CASEs. NULL passes no test, so that the test is for where it does not go."""
    if isinstance(node, float):
        return number_literal(node)
    name = _feature(node.feature)
    yes, no = _case(node.yes), _case(node.no)
    if node.missing == "no":
        return f"CASE WHEN {name} {_test(node.test)} THEN {yes} ELSE {no} END"
    return f"CASE WHEN {name} {_opposite(node.test)} THEN {no} ELSE {yes} END"


def _test(test: Below | OneOf) -> str:
    match test:
        case Below(limit, inclusive):
            return f"{'<=' if inclusive else '<'} {number_literal(limit)}"
        case OneOf(codes):
            return f"IN ({', '.join(map(str, codes))})"


def _opposite(test: Below | OneOf) -> str:
    match test:
        case Below(limit, inclusive):
            return f"{'>' if inclusive else '>='} {number_literal(limit)}"
        case OneOf():
            return f"NOT {_test(test)}"


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

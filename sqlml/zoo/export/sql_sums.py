"""The scores of a model as SQL: sums of trees and of weighted features, some terms at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlml.zoo.export.scoring import Below, Node, OneOf, Score, Scoring
from sqlml.zoo.export.sql_features import number_literal

# Terms that are added up in one expression: databases limit how deep an expression is.
TERMS = 50


@dataclass(frozen=True, slots=True)
class Sums:
    """stages: the columns, by name, that each makes of the features and of the stage before.

    totals: the scores and extras, made of the last stage's columns.
    """

    stages: tuple[Mapping[str, str], ...]
    totals: tuple[str, ...]


def sums(scoring: Scoring, gaps: Sequence[int]) -> Sums:
    """The sums that the scores are. gaps: features without which there is no score but NULL."""
    return (_one_after_another if scoring.single else _side_by_side)(scoring, gaps)


def feature_name(place: int) -> str:
    return f"sqlml_feature_{place}"


def _side_by_side(scoring: Scoring, gaps: Sequence[int]) -> Sums:
    """All terms in one stage, as double precision hardly minds their order."""
    columns: dict[str, str] = {}
    totals = []
    for score in scoring.sums:
        parts = []
        written = list(_terms(score))
        for start in range(0, len(written), TERMS):
            part = f"sqlml_sum_{len(columns)}"
            columns[part] = _unless_missing(_added(written[start : start + TERMS]), gaps)
            parts.append(part)
        total = " + ".join(parts) or "0e0"
        if score.share != 1:
            total = f"({total}) * {number_literal(score.share)}"
        totals.append(f"{number_literal(score.constant)} + {total}")
    return Sums((columns,), tuple(totals))


def _one_after_another(scoring: Scoring, gaps: Sequence[int]) -> Sums:
    """Every stage goes on with the sums of the one before: each addition is rounded to a single.

    `REAL` is a single in most databases; where it is a double, the last digits differ.
    """
    names = [f"sqlml_sum_{place}" for place in range(len(scoring.sums))]
    written = [[_single(term) for term in _terms(score, _single)] for score in scoring.sums]
    so_far = [_single(number_literal(score.constant)) for score in scoring.sums]
    stages = []
    for start in range(0, max(map(len, written)), TERMS):
        added = (
            _added([sum_, *terms[start : start + TERMS]])
            for sum_, terms in zip(so_far, written, strict=True)
        )
        stages.append(dict(zip(names, added, strict=True)))
        so_far = names
    stages = stages or [dict(zip(names, so_far, strict=True))]
    stages[0] = {name: _unless_missing(sum_, gaps) for name, sum_ in stages[0].items()}
    return Sums(tuple(stages), tuple(f"CAST({name} AS DOUBLE PRECISION)" for name in names))


def _added(terms: Sequence[str]) -> str:
    return "\n      + ".join(terms)


def _single(expression: str) -> str:
    return f"CAST({expression} AS REAL)"


def _unless_missing(expression: str, gaps: Sequence[int]) -> str:
    """NULL where a feature is NULL that the model must have."""
    if not gaps:
        return expression
    tests = " OR ".join(f"{feature_name(place)} IS NULL" for place in gaps)
    return f"CASE WHEN {tests} THEN NULL ELSE {expression} END"


def _terms(score: Score, rounded: Callable[[str], str] = str) -> Iterator[str]:
    for tree in score.trees:
        yield _case(tree)
    for place, weight in (score.weights or {}).items():
        yield f"{rounded(number_literal(weight))} * {rounded(feature_name(place))}"


def _case(node: Node) -> str:
    """A tree as nested CASEs. NULL passes no test, so that the test is for where it does not go."""
    if isinstance(node, float):
        return number_literal(node)
    name = feature_name(node.feature)
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

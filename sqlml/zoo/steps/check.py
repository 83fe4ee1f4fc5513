"""Compare the rows of a query with those that a model was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.quoting import identifier
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.inspection_settings import CHECK
from sqlml.zoo.measures import drift
from sqlml.zoo.profile import ColumnProfile, Profile, load_profile
from sqlml.zoo.steps.inputs import required, spellings
from sqlml.zoo.steps.outcome import Outcome

MOST_NAMED = 10
HALF = 0.5  # of the rows: with more than these the model can make nothing of

Verdict = Literal["ok", "shifted", "broken"]
_ORDER: tuple[Verdict, ...] = ("broken", "shifted", "ok")


def run(
    context: Context,
    *,
    settings: Mapping[str, Any],
    into: str | None = None,
    rows: Rows,
    model: str,
) -> Outcome:
    """A row per column, the worst first: how it has changed, and the verdict.

    Raises:
        StepError: there are no rows, columns are missing, the model has no profile, or, with
            `fail`, a column is not as it was. The table is written before that.
    """
    profile = load_profile(context.model(model))
    if profile is None:
        message = f"model `{model}` was stored without a profile of its rows"
        raise StepError(Diagnostic("E0593", message, hint="train it again", about="model"))
    limits = CHECK.filled(settings)
    counted = _count(context, profile, rows)
    found = [_judged(one, limits) for one in counted]
    found.sort(key=lambda change: (_ORDER.index(change.verdict), -(change.psi or 0)))
    result = _table(found)
    if into is None:
        context.result(result)
    else:
        context.write(into, result)
    bad = [change for change in found if change.verdict != "ok"]
    for change in bad[:MOST_NAMED]:
        context.note(f"`{change.column.name}` {change.verdict}: {change.reason}")
    if profile.columns_left_out:
        context.note(f"{profile.columns_left_out:,} more columns have no profile")
    summary = _summary(found, bad)
    if limits["fail"] and bad:
        raise _failed(summary, bad)
    return Outcome(summary=summary, metrics=_metrics(found), rows=result.num_rows)


@dataclass(slots=True)
class _Counted:
    """How many of the rows seen so far a column's profile tells of.

    counts: in the profile's groups; the last one is of the values that are in none of them.
    """

    column: ColumnProfile
    counts: NDArray[np.int64]
    rows: int = 0
    missing: int = 0
    outside: int = 0
    unknown: list[str] = field(default_factory=list)

    @property
    def filled(self) -> int:
        return self.rows - self.missing

    def add(self, values: pa.Array) -> None:
        self.rows += len(values)
        match self.column.kind:
            case "number":
                self._add_numbers(values)
            case "category":
                self.missing += values.null_count
                self._add_categories(values.drop_null())
            case _:
                self.missing += values.null_count

    def _add_numbers(self, values: pa.Array) -> None:
        numbers = values.to_numpy(zero_copy_only=False)
        numbers = numbers[~np.isnan(numbers)]
        self.missing += len(values) - len(numbers)
        place = np.searchsorted(self.column.points, numbers)
        self.counts += np.bincount(place, minlength=len(self.counts))
        low, high = self.column.low, self.column.high
        if low is not None and high is not None:
            self.outside += int(((numbers < low) | (numbers > high)).sum())

    def _add_categories(self, values: pa.Array) -> None:
        known = pa.array(self.column.values, pa.string())
        place = pc.index_in(values, value_set=known)
        found = place.fill_null(len(known)).to_numpy(zero_copy_only=False)
        self.counts += np.bincount(found, minlength=len(self.counts))
        if not self.column.others and len(self.unknown) < MOST_NAMED:
            unknown = values.filter(place.is_null()).unique().to_pylist()
            self.unknown = list(dict.fromkeys([*self.unknown, *unknown]))[:MOST_NAMED]


def _count(context: Context, profile: Profile, rows: Rows) -> list[_Counted]:
    """The rows of the query, counted; a label that it lacks is left out."""
    required([c.name for c in profile.columns if c.role == "feature"], rows.schema)
    spelt = spellings([c.name for c in profile.columns], rows.schema)
    columns = [column for column in profile.columns if column.name in spelt]
    counted = [_Counted(c, np.zeros(_groups(c) + 1, dtype=np.int64)) for c in columns]
    expressions = [
        _expression(column, spelt[column.name], place) for place, column in enumerate(columns)
    ]
    done = 0
    for batch in rows.select(", ".join(expressions) or "1").batches():
        for one, values in zip(counted, batch.columns, strict=False):
            one.add(values)
        done += batch.num_rows
        context.progress(done, 0, "rows")
    if not done:
        message = "the query gives no rows"
        raise StepError(Diagnostic("E0401", message, label="nothing to compare", about="query"))
    return counted


def _groups(column: ColumnProfile) -> int:
    return len(column.points) if column.kind == "number" else len(column.values)


def _expression(column: ColumnProfile, name: str, place: int) -> str:
    match column.kind:
        case "number":
            value = f"CAST({identifier(name)} AS DOUBLE)"
        case "category":
            value = f"CAST({identifier(name)} AS VARCHAR)"
        case _:
            value = f"CASE WHEN {identifier(name)} IS NOT NULL THEN TRUE END"
    return f"{value} AS c{place}"


@dataclass(frozen=True, slots=True)
class _Change:
    """How a column's values differ from those of the training; None where that has no meaning."""

    column: ColumnProfile
    verdict: Verdict
    reason: str
    missing: float
    psi: float | None = None
    ks: float | None = None
    outside: float | None = None
    new: float | None = None
    unknown: tuple[str, ...] = ()


def _judged(one: _Counted, limits: Mapping[str, Any]) -> _Change:
    column = one.column
    missing = one.missing / one.rows
    broken, shifted = _missing_faults(column, missing, limits)
    psi = ks = outside = new = None
    before, now = _compared(one)
    if column.kind != "other" and one.filled and before.sum():
        psi = drift.psi(before, now)
        if psi >= limits["psi"] and not drift.is_chance(before, now):
            shifted.append(f"PSI {psi:.3g}")
    if column.kind == "number" and one.filled and column.counts:
        ks = drift.ks(np.array([*column.counts, 0]), one.counts)
        if ks >= limits["ks"] and ks > drift.ks_by_chance(int(before.sum()), one.filled):
            shifted.append(f"KS {ks:.3g}")
        outside = one.outside / one.filled
        told = f"{outside:.1%} out of the range {column.low:g} to {column.high:g}"
        _sort_out(outside, limits["out_of_range"], told, broken, shifted)
    if column.kind == "category" and not column.others and one.filled:
        new = int(one.counts[-1]) / one.filled
        named = ", ".join(f"`{value}`" for value in one.unknown[:3])
        _sort_out(new, limits["new_categories"], f"{new:.1%} new: {named}", broken, shifted)
    verdict: Verdict = "broken" if broken else "shifted" if shifted else "ok"
    reason = ", ".join([*broken, *shifted])
    return _Change(column, verdict, reason, missing, psi, ks, outside, new, tuple(one.unknown))


def _missing_faults(
    column: ColumnProfile, missing: float, limits: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """What is wrong with the share of missing values: what breaks the column, what shifts it."""
    told = f"{missing:.1%} missing, {column.missing:.1%} at the training"
    if missing > 0 and column.required and column.missing == 0:
        return [f"{told}: the model takes none"], []
    if missing == 1 > column.missing:
        return ["no values at all"], []
    return [], [told] if missing - column.missing > limits["missing"] else []


def _sort_out(share: float, limit: float, told: str, broken: list[str], shifted: list[str]) -> None:
    if share > HALF:
        broken.append(told)
    elif share > limit:
        shifted.append(told)


def _compared(one: _Counted) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The counts of the groups that the stability index compares."""
    column = one.column
    rest = column.others if column.kind == "category" else 0
    before = np.array([*column.counts, rest], dtype=np.int64)
    if column.kind == "number":
        return drift.grouped(before, one.counts)
    if len(before) <= drift.FINE + 1:
        return before, one.counts
    return _with_rest(before), _with_rest(one.counts)


def _with_rest(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most frequent categories, and all the others together."""
    return np.array([*counts[: drift.FINE], counts[drift.FINE :].sum()], dtype=np.int64)


def _table(found: Sequence[_Change]) -> pa.Table:
    columns: dict[str, tuple[list[Any], pa.DataType]] = {
        "feature": ([one.column.name for one in found], pa.string()),
        "role": ([one.column.role for one in found], pa.string()),
        "verdict": ([one.verdict for one in found], pa.string()),
        "reason": ([one.reason for one in found], pa.string()),
        "psi": ([one.psi for one in found], pa.float64()),
        "ks": ([one.ks for one in found], pa.float64()),
        "missing_before": ([one.column.missing for one in found], pa.float64()),
        "missing_now": ([one.missing for one in found], pa.float64()),
        "out_of_range": ([one.outside for one in found], pa.float64()),
        "new_share": ([one.new for one in found], pa.float64()),
        "new_categories": ([list(one.unknown) for one in found], pa.list_(pa.string())),
    }
    return pa.table({name: pa.array(*column) for name, column in columns.items()})


def _summary(found: Sequence[_Change], bad: Sequence[_Change]) -> str:
    if not bad:
        return f"ok: {len(found):,} columns"
    return f"{bad[0].verdict}: {len(bad):,} of {len(found):,} columns"


def _metrics(found: Sequence[_Change]) -> dict[str, float]:
    """What the store keeps, so that changes can be followed from run to run."""
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in _ORDER}
    return {
        **{verdict: float(count) for verdict, count in counts.items()},
        "psi": max((one.psi for one in found if one.psi is not None), default=0.0),
        "ks": max((one.ks for one in found if one.ks is not None), default=0.0),
    }


def _failed(summary: str, bad: Sequence[_Change]) -> StepError:
    named = "; ".join(f"`{change.column.name}`: {change.reason}" for change in bad[:3])
    return StepError(
        Diagnostic(
            "E0594",
            f"the rows are not like those of the training ({summary})",
            label=named,
            hint="look at the rows, train again on newer ones, or leave `check.fail` out",
            about="query",
        )
    )

"""A model for each segment of the training rows, fitted side by side."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any, cast

from sqlml.errors import MAX_SHOWN, Diagnostic, StepError
from sqlml.quoting import identifier, subquery
from sqlml.zoo.bundle import Bundle, Manifest
from sqlml.zoo.context import Context, Rows
from sqlml.zoo.segments import Key, Segment, SegmentedEstimator, segment_name, together
from sqlml.zoo.steps.fitting import Order
from sqlml.zoo.steps.survey import label_types

GLOBAL = "global"
MOST_SEGMENTS = 10_000
_SETTINGS = ("partition_by", "partition_default")
# They train outside of the interpreter's lock; others would only wait for each other.
_SIDE_BY_SIDE = frozenset({"xgboost", "lightgbm"})
# Too few rows or classes: what the model of all rows can stand in for.
_TOO_SMALL = frozenset({"E0401", "E0402", "E0403", "E0406"})

Fit = Callable[[Context, Rows, Rows | None, Bundle | None], Bundle]


def fit_segments(
    context: Context,
    rows: Rows,
    validation: Rows | None,
    *,
    order: Order,
    fit: Fit,
) -> Bundle:
    """Fit a model to each segment, and one to all rows if that is the default.

    fit: makes one model of rows, of rows to validate on, and of an earlier model to go on from.
    Where all segments go on from earlier ones, a segment without rows stays as it is, and one that
    is new begins anew.

    Raises:
        StepError: E0576 segments are too small and there is no default, E0577 there are too many
            segments; and what `fit` raises, with the segment's name.
    """
    started = perf_counter()
    settings = order.settings
    columns = order.partition
    has_default = settings.get("partition_default") == GLOBAL
    keys = _keys(context, rows, columns)
    earlier = _earlier(order)
    _tell_changes(context, keys, earlier)
    every = sorted({*keys, *(key for key in earlier if key is not None)})
    wanted: list[Key | None] = [*every, *([None] if has_default else [])]
    found_keys = {*keys, None}
    workers = (
        max(1, min(context.threads, len(wanted))) if order.model.family in _SIDE_BY_SIDE else 1
    )
    done = 0

    def fit_one(number: int) -> Segment | StepError:
        nonlocal done
        key = wanted[number]
        if key not in found_keys:
            return Segment(key, earlier[key])
        corner = _Corner(context, number, max(1, context.threads // workers), segment_name(key))
        try:
            own = _of_segment(corner.context, rows, columns, key)
            held = _of_segment(corner.context, validation, columns, key) if validation else None
            return Segment(key, fit(corner.context, own, held, earlier.get(key)))
        except StepError as error:
            return error
        finally:
            done += 1
            context.progress(done, len(wanted), "segments")

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(fit_one, range(len(wanted))))
    segments = _usable(context, wanted, found, has_default=has_default)
    types = label_types(context, rows.sql, columns)
    partition = tuple({"name": one.name, "type": one.type} for one in types)
    manifest = replace(
        _manifest(partition, segments, settings), seconds={"fit": perf_counter() - started}
    )
    return together(manifest, segments)


def without_partition(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of one segment's model."""
    return {name: value for name, value in settings.items() if name not in _SETTINGS}


class _Corner:
    """A step's surroundings for one of several things that it does at a time."""

    def __init__(self, context: Context, number: int, threads: int, name: str) -> None:
        self.threads = threads
        self.folder: Path = context.folder / f"segment-{number}"
        self.folder.mkdir()
        self._context = context
        self._name = name

    @property
    def context(self) -> Context:
        return cast(Context, self)

    def note(self, message: str, about: str = "") -> None:
        self._context.note(f"{self._name}: {message}", about)

    def progress(self, done: int, total: int, unit: str, **values: float) -> None:
        """Only whole segments are told of."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def _keys(context: Context, rows: Rows, columns: Sequence[str]) -> list[Key]:
    texts = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in columns)
    filled = " AND ".join(f"{identifier(name)} IS NOT NULL" for name in columns)
    found = context.table(
        f"SELECT DISTINCT {texts} FROM {subquery(rows.sql)} WHERE {filled} ORDER BY ALL"
        f" LIMIT {MOST_SEGMENTS + 1}"
    )
    keys = list(zip(*(column.to_pylist() for column in found.columns), strict=True))
    if 0 < len(keys) <= MOST_SEGMENTS:
        return keys
    what = "has no values" if not keys else f"has more than {MOST_SEGMENTS:,} values"
    raise StepError(
        Diagnostic(
            "E0577",
            f"`{', '.join(columns)}` {what}: there is no model to train for each of them",
            hint="partition by a column with few values",
            about="attribute train.partition_by",
        )
    )


def _earlier(order: Order) -> Mapping[Key | None, Bundle]:
    """The segments' models to go on from."""
    if order.previous is None:
        return {}
    assert isinstance(order.previous.estimator, SegmentedEstimator)
    return {segment.key: segment.bundle for segment in order.previous.estimator.segments}


def _tell_changes(
    context: Context, keys: Sequence[Key], earlier: Mapping[Key | None, Bundle]
) -> None:
    if not earlier:
        return
    new = [key for key in keys if key not in earlier]
    idle = [key for key in earlier if key is not None and key not in {*keys}]
    if new:
        context.note(f"new segments, which begin anew: {_listed(new)}")
    if idle:
        context.note(f"segments without rows, which stay as they are: {_listed(idle)}")


def _listed(keys: Sequence[Key | None]) -> str:
    names = ", ".join(f"`{segment_name(key)}`" for key in keys[:MAX_SHOWN])
    return names + (" …" if len(keys) > MAX_SHOWN else "")


def _of_segment(context: Context, rows: Rows, columns: Sequence[str], key: Key | None) -> Rows:
    if key is None:
        return rows
    chosen = " AND ".join(
        f"CAST({identifier(name)} AS VARCHAR) = '{value.replace(chr(39), chr(39) * 2)}'"
        for name, value in zip(columns, key, strict=True)
    )
    return context.rows(f"SELECT * FROM {subquery(rows.sql)} WHERE {chosen}", stable=False)


def _usable(
    context: Context,
    wanted: Sequence[Key | None],
    found: Sequence[Segment | StepError],
    *,
    has_default: bool,
) -> list[Segment]:
    segments = [one for one in found if isinstance(one, Segment)]
    failed = [
        (key, one.diagnostics[0])
        for key, one in zip(wanted, found, strict=True)
        if isinstance(one, StepError)
    ]
    for key, problem in failed:
        if key is None or problem.code not in _TOO_SMALL:
            named = f"segment {segment_name(key)}: {problem.message}" if key else problem.message
            raise StepError(replace(problem, message=named))
    if not failed:
        return segments
    listed = _listed([key for key, _ in failed])
    if has_default and len(segments) > 1:
        context.note(f"the model of all rows stands in for {listed}: {failed[0][1].message}")
        return segments
    raise StepError(
        Diagnostic(
            "E0576",
            f"there is no training a model for {listed}: {failed[0][1].message}",
            label=failed[0][1].label,
            hint="leave these rows out, or let a model of all rows stand in:"
            " `train.partition_default = 'global'`",
            about="attribute train.partition_by",
        )
    )


def _manifest(
    partition: tuple[Mapping[str, str], ...],
    segments: Sequence[Segment],
    settings: Mapping[str, Any],
) -> Manifest:
    """What is known of all segments together: rows are summed up, metrics weighted by them."""
    manifests = [one.bundle.manifest for one in segments]
    first = manifests[0]
    own = [one for one, segment in zip(manifests, segments, strict=True) if segment.key]
    classes = None
    if first.classes is not None:
        classes = tuple(sorted({value for one in manifests for value in one.classes or ()}))
    return replace(
        first,
        columns=(*first.columns, *partition),
        classes=classes,
        settings=settings,
        metrics=_mean_metrics(own),
        rows=sum(one.rows for one in own),
        validation_rows=sum(one.validation_rows for one in own),
        history=(),
        partition_by=partition,
        segments=tuple(_entry(one) for one in segments),
        facts=tuple(fact for one in segments for fact in _facts(one)),
    )


def _facts(segment: Segment) -> Iterator[Mapping[str, str]]:
    for fact in segment.bundle.manifest.facts:
        yield {**fact, "property": f"{segment_name(segment.key)}: {fact['property']}"}


def _mean_metrics(manifests: Sequence[Manifest]) -> dict[str, float]:
    """The metrics that every segment has: their means, each row counting the same."""
    shared = [name for name in manifests[0].metrics if all(name in m.metrics for m in manifests)]
    means = {}
    for name in shared:
        weights = [
            one.validation_rows if name.startswith("validation") else one.rows for one in manifests
        ]
        products = (one.metrics[name] * w for one, w in zip(manifests, weights, strict=True))
        means[name] = sum(products) / max(1, sum(weights))
    return means


def _entry(segment: Segment) -> dict[str, Any]:
    manifest = segment.bundle.manifest
    return {
        "key": None if segment.key is None else list(segment.key),
        "rows": manifest.rows,
        "metrics": dict(manifest.metrics),
    }

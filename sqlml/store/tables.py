"""The store as tables that SQL can query."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlml.store.arrow import query, table
from sqlml.store.ledger import Ledger

if TYPE_CHECKING:
    import pyarrow as pa


def tables(ledger: Ledger, reader: str | None = None) -> Mapping[str, Callable[[], "pa.Table"]]:
    """SQL names and the functions that make their tables. Times are UTC, sizes bytes.

    reader: the only author of whose runs texts are shown, and of jobs none; None: they all are.
    """
    return {
        "sqlml_models": lambda: _models(ledger),
        "sqlml_runs": lambda: _runs(ledger, reader),
        "sqlml_steps": lambda: _steps(ledger, reader),
        "sqlml_attempts": lambda: _attempts(ledger, reader),
        "sqlml_utilisation": lambda: _utilisation(ledger),
        "sqlml_metrics": lambda: _metrics(ledger),
        "sqlml_trials": lambda: _trials(ledger),
        "sqlml_lineage": lambda: _lineage(ledger),
        "sqlml_jobs": lambda: _jobs(ledger, reader),
        "sqlml_cache": lambda: _cache(ledger),
    }


def _models(ledger: Ledger) -> "pa.Table":
    import pyarrow as pa

    rows = ledger.rows(
        "SELECT model_names.name, version, created, run, bytes, manifest,"
        " (SELECT json_group_array(alias) FROM model_aliases AS a"
        "  WHERE a.folded = v.folded AND a.version = v.version),"
        " (SELECT json_group_object(tag, value) FROM model_tags AS t"
        "  WHERE t.folded = v.folded AND t.version = v.version)"
        " FROM model_versions AS v JOIN model_names USING (folded) ORDER BY folded, version"
    )
    schema = [
        ("name", pa.string()),
        ("version", pa.int64()),
        ("aliases", pa.list_(pa.string())),
        ("tags", pa.map_(pa.string(), pa.string())),
        ("estimator", pa.string()),
        ("family", pa.string()),
        ("task", pa.string()),
        ("label", pa.list_(pa.string())),
        ("features", pa.list_(pa.string())),
        ("metrics", pa.map_(pa.string(), pa.float64())),
        ("rows", pa.int64()),
        ("validation_rows", pa.int64()),
        ("base", pa.string()),
        ("created", pa.timestamp("ms")),
        ("run", pa.string()),
        ("bytes", pa.int64()),
        ("sqlml", pa.string()),
        ("statement", pa.string()),
    ]
    return table(schema, [_model(row) for row in rows])


def _model(row: tuple[Any, ...]) -> tuple[Any, ...]:
    name, version, created, run, size, text, aliases, tags = row
    manifest = json.loads(text)
    get = manifest.get
    return (
        name,
        version,
        json.loads(aliases),
        list(json.loads(tags).items()),
        get("estimator"),
        get("family"),
        get("task"),
        [column["name"] for column in get("label") or ()],
        [column["name"] for column in get("columns") or ()],
        list((get("metrics") or {}).items()),
        get("rows"),
        get("validation_rows"),
        get("base"),
        datetime.fromisoformat(created).replace(tzinfo=None),
        run,
        size,
        get("sqlml"),
        get("statement"),
    )


_SHOWN = "CASE WHEN ?1 IS NULL OR author = ?1 THEN {} END"
"""A text of a run, as its reader may see it."""
_MESSAGE = "nullif(message, '')"


def _runs(ledger: Ledger, reader: str | None) -> "pa.Table":
    import pyarrow as pa

    return query(
        ledger,
        "SELECT id, name, outcome, {started}, {finished}, finished - started,"
        f" nullif(resumed, ''), {_SHOWN.format('program')}, nullif(author, '')"
        " FROM runs ORDER BY number",
        [
            ("run", pa.string()),
            ("name", pa.string()),
            ("outcome", pa.string()),
            ("started", pa.timestamp("us")),
            ("finished", pa.timestamp("us")),
            ("seconds", pa.float64()),
            ("resumed", pa.string()),
            ("program", pa.string()),
            ("author", pa.string()),
        ],
        values=(reader,),
    )


def _steps(ledger: Ledger, reader: str | None) -> "pa.Table":
    import pyarrow as pa

    texts = ("step", "operation", "title", "target", "place", "outcome")
    return query(
        ledger,
        "SELECT run, steps.number, steps.name, operation,"
        f" {_SHOWN.format('title')}, target, place, steps.outcome,"
        " {started}, {finished}, steps.finished - steps.started, threads, memory, peak_memory,"
        f" rows, nullif(code, ''), {_SHOWN.format(_MESSAGE)}, static_hash, nullif(key, ''),"
        f" {_SHOWN.format('known')}, {_SHOWN.format('outputs')}, nullif(source, '')"
        " FROM steps JOIN runs ON run = id ORDER BY runs.number, steps.number",
        [
            ("run", pa.string()),
            ("number", pa.int64()),
            *((name, pa.string()) for name in texts),
            ("started", pa.timestamp("us")),
            ("finished", pa.timestamp("us")),
            ("seconds", pa.float64()),
            *((name, pa.int64()) for name in ("threads", "memory", "peak_memory", "rows")),
            *((name, pa.string()) for name in ("code", "message", "static_hash", "key")),
            *((name, pa.string()) for name in ("known", "outputs", "source")),
        ],
        of="steps.",
        values=(reader,),
    )


def _attempts(ledger: Ledger, reader: str | None) -> "pa.Table":
    """The attempts that failed and were followed by others."""
    import pyarrow as pa

    return query(
        ledger,
        "SELECT run, step, attempts.number, {finished}, seconds, kind, nullif(code, ''),"
        f" {_SHOWN.format('message')}, nullif(memory, 0), nullif(peak_memory, 0)"
        " FROM attempts JOIN runs ON run = id ORDER BY attempts.rowid",
        [
            ("run", pa.string()),
            ("step", pa.string()),
            ("number", pa.int64()),
            ("finished", pa.timestamp("us")),
            ("seconds", pa.float64()),
            *((name, pa.string()) for name in ("kind", "code", "message")),
            *((name, pa.int64()) for name in ("memory", "peak_memory")),
        ],
        of="attempts.",
        values=(reader,),
    )


def _utilisation(ledger: Ledger) -> "pa.Table":
    """What the types of steps of each run were given and have held, in gigabyte hours.

    Wasted: (given - held) x time, and all that attempts were given that ran out of memory.
    """
    import pyarrow as pa

    return query(
        ledger,
        "WITH lost AS (SELECT run, step, count(*) AS times, sum(memory * seconds) AS cost"
        " FROM attempts WHERE kind = 'out-of-memory' GROUP BY run, step),"
        " used AS (SELECT s.*, finished - started AS seconds, coalesce(times, 0)"
        " + (outcome = 'failed' AND code = 'E0620') AS times, coalesce(cost, 0) AS lost"
        " FROM steps AS s LEFT JOIN lost ON lost.run = s.run AND step = s.name"
        " WHERE memory > 0 AND finished IS NOT NULL AND started IS NOT NULL)"
        " SELECT run, operation, coalesce(nullif(target, ''), used.name), count(*),"
        " sum(lost + memory * seconds) / 3.6e12, sum(peak_memory * seconds) / 3.6e12,"
        " sum(lost + max(memory - CASE WHEN code = 'E0620' THEN 0 ELSE peak_memory END, 0)"
        " * seconds) / 3.6e12, sum(times)"
        " FROM used JOIN runs ON run = id GROUP BY 1, 2, 3 ORDER BY runs.number, 7 DESC, 3",
        [
            *((name, pa.string()) for name in ("run", "operation", "step_type")),
            ("steps", pa.int64()),
            *((f"{name}_gb_hours", pa.float64()) for name in ("requested", "used", "wasted")),
            ("out_of_memory", pa.int64()),
        ],
    )


def _cache(ledger: Ledger) -> "pa.Table":
    """What is kept, the most valuable first: the Cache Score Table of the Couler paper (Fig. 4).

    score: by the cache's policy; by default, seconds that a byte is expected to save in the next
    run. seconds: what making it took.
    """
    import pyarrow as pa

    rows = ledger.rows(
        "SELECT substr(key, 1, 12), step, workflow, size, seconds, seconds * (uses - 1), score,"
        " uses - 1, pinned, CAST(added * 1e6 AS INTEGER), CAST(used * 1e6 AS INTEGER), run"
        " FROM artifacts ORDER BY score DESC, used DESC"
    )
    schema = [
        *((name, pa.string()) for name in ("artifact", "step", "workflow")),
        ("size", pa.int64()),
        *((name, pa.float64()) for name in ("seconds", "seconds_saved", "score")),
        ("hits", pa.int64()),
        ("pinned", pa.bool_()),
        ("made", pa.timestamp("us")),
        ("last_used", pa.timestamp("us")),
        ("run", pa.string()),
    ]
    return table(schema, [(*row[:8], bool(row[8]), *row[9:]) for row in rows])


def _metrics(ledger: Ledger) -> "pa.Table":
    import pyarrow as pa

    return query(
        ledger,
        "SELECT run, step, nullif(model, ''), version, round, name, value"
        " FROM metrics ORDER BY rowid",
        [
            ("run", pa.string()),
            ("step", pa.string()),
            ("model", pa.string()),
            ("version", pa.int64()),
            ("round", pa.int64()),
            ("name", pa.string()),
            ("value", pa.float64()),
        ],
    )


def _trials(ledger: Ledger) -> "pa.Table":
    """The trials of searches, as their steps have left them."""
    import pyarrow as pa

    rows = ledger.rows(
        "SELECT run, steps.name, target, outputs FROM steps JOIN runs ON run = id"
        " WHERE operation = 'trial' AND steps.outcome IN ('succeeded', 'reused')"
        " ORDER BY runs.number, steps.number"
    )
    schema = [
        ("run", pa.string()),
        ("step", pa.string()),
        ("model", pa.string()),
        ("number", pa.int64()),
        ("estimator", pa.string()),
        ("state", pa.string()),
        ("metric", pa.string()),
        ("score", pa.float64()),
        ("parameters", pa.string()),
        ("seconds", pa.float64()),
        ("message", pa.string()),
    ]
    return table(schema, [(*about, *_trial(outputs)) for *about, outputs in rows])


def _trial(outputs: str) -> tuple[Any, ...]:
    told = json.loads(json.loads(outputs)["trial"])
    return (
        told["number"],
        told["estimator"],
        told["state"],
        told["metric"] or None,
        told["score"],
        json.dumps(told["values"]),
        told["ended"] - told["began"],
        told["failure"].get("message"),
    )


def _lineage(ledger: Ledger) -> "pa.Table":
    import pyarrow as pa

    columns = ("run", "step", "direction", "kind", "name", "fingerprint")
    return query(
        ledger,
        "SELECT run, step, direction, kind, name, nullif(fingerprint, '')"
        " FROM lineage ORDER BY rowid",
        [(name, pa.string()) for name in columns],
    )


def _jobs(ledger: Ledger, reader: str | None) -> "pa.Table":
    import pyarrow as pa

    texts = ("schedule", "timezone", "condition", "program", "dialect")
    times = ("created", "next_run", "started", "finished")
    return query(
        ledger,
        "SELECT name, (SELECT group_concat(value, ', ') FROM json_each(schedule)), timezone,"
        " nullif(condition, ''), CASE WHEN ?1 IS NULL THEN program END, dialect,"
        " CAST(created * 1e6 AS INTEGER), CAST(next * 1e6 AS INTEGER), {started}, {finished},"
        " nullif(run, ''), nullif(outcome, ''), CASE WHEN ?1 IS NULL THEN nullif(message, '') END"
        " FROM jobs ORDER BY folded",
        [
            ("job", pa.string()),
            *((name, pa.string()) for name in texts),
            *((name, pa.timestamp("us")) for name in times),
            *((name, pa.string()) for name in ("run", "outcome", "message")),
        ],
        values=(reader,),
    )

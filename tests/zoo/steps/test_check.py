"""CHECK: rows like those of the training are ok, others are told apart, by scipy's distance too."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sqlml.errors import StepError
from sqlml.zoo.features.contract import ColumnReference
from sqlml.zoo.profile import FILE
from sqlml.zoo.steps.profiling import Column, make_profile

ROUNDS = {"num_boost_round": 2}
ROWS = (
    "SELECT (hash(i) % 1000) / 10.0 AS x, hash(i + 7) % 4 AS few,"
    " ['a', 'b', 'c'][(hash(i * 3) % 3 + 1)::INT] AS kind,"
    " DATE '2024-01-01' + (i % 30)::INT AS day, hash(i) % 2 = 0 AS y FROM range({}, {}) t(i)"
)
TRAINED = ROWS.format(0, 3000)
NEW = ROWS.format(3000, 5000)


def check(context: Any, sql: str, into: str | None = None, **settings: Any) -> Any:
    outcome = context.run("check", settings=settings, into=into, rows=sql, model="m@1")
    rows = [] if into else context.results[-1].to_pylist()
    return outcome, {row["feature"]: row for row in rows}


def refusal(*arguments: Any, **options: Any) -> Any:
    with pytest.raises(StepError) as caught:
        check(*arguments, **options)
    return caught.value.diagnostics[0]


@pytest.fixture
def trained(context: Any) -> Any:
    context.train("xgboost.gbtree", TRAINED, "y", settings=ROUNDS)
    context.notes.clear()
    return context


@pytest.mark.parametrize("sql", [TRAINED, NEW])
def test_rows_like_those_of_the_training_are_ok(trained: Any, sql: str) -> None:
    outcome, found = check(trained, sql)
    assert outcome.summary == "ok: 5 columns"
    assert trained.notes == []
    assert {row["verdict"] for row in found.values()} == {"ok"}
    assert found["y"]["role"] == "label"
    assert found["x"]["psi"] < 0.05
    assert (found["x"]["missing_now"], found["kind"]["new_share"]) == (0, 0)


def test_the_training_rows_do_not_differ_from_themselves(trained: Any) -> None:
    _, found = check(trained, TRAINED)
    for row in found.values():
        assert row["psi"] in (0, None)
        assert row["ks"] in (0, None)


def test_the_distance_is_scipys_up_to_the_quantiles(trained: Any) -> None:
    moved = f"SELECT * REPLACE (x * 0.7 AS x) FROM ({NEW})"
    _, found = check(trained, moved)
    old, new = (
        np.asarray(trained.connection.sql(f"SELECT x FROM ({sql})").fetchnumpy()["x"])
        for sql in (TRAINED, moved)
    )
    expected = stats.ks_2samp(old, new).statistic
    assert found["x"]["ks"] == pytest.approx(expected, abs=0.011)
    assert found["x"]["verdict"] == "shifted"


def test_the_index_is_that_of_the_deciles(trained: Any) -> None:
    moved = f"SELECT * REPLACE (x * 0.7 AS x) FROM ({NEW})"
    _, found = check(trained, moved)
    old, new = (
        np.asarray(trained.connection.sql(f"SELECT x FROM ({sql})").fetchnumpy()["x"])
        for sql in (TRAINED, moved)
    )
    edges = np.quantile(old, np.linspace(0, 1, 11))[1:-1]
    a, b = (np.bincount(np.searchsorted(edges, v)) / len(v) for v in (old, new))
    b = np.maximum(np.pad(b, (0, len(a) - len(b))), 1e-4)
    expected = ((b - a) * np.log(b / a)).sum()
    assert found["x"]["psi"] == pytest.approx(expected, rel=0.1)


def test_what_has_changed_is_told_with_the_reason(trained: Any) -> None:
    changed = (
        "SELECT * REPLACE (CASE WHEN few < 2 THEN NULL ELSE few END AS few,"
        " CASE WHEN few = 0 THEN 'new' ELSE kind END AS kind, x + 20 AS x) FROM (" + NEW + ")"
    )
    outcome, found = check(trained, changed)
    assert outcome.summary == "shifted: 3 of 5 columns"
    assert found["few"]["reason"].startswith("50.")
    assert "missing, 0.0% at the training" in found["few"]["reason"]
    assert found["kind"]["new_categories"] == ["new"]
    assert found["kind"]["new_share"] == pytest.approx(0.25, abs=0.03)
    assert found["x"]["out_of_range"] == pytest.approx(0.2, abs=0.03)
    assert [row["verdict"] for row in found.values()] == ["shifted"] * 3 + ["ok"] * 2
    assert len(trained.notes) == 3
    assert outcome.metrics["shifted"] == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("NULL::DOUBLE AS x", "no values at all"),
        ("x + 1000 AS x", "100.0% out of the range 0 to 99.9"),
        ("'z' || kind AS kind", "100.0% new: `z"),
    ],
)
def test_a_column_that_the_model_can_make_nothing_of_is_broken(
    trained: Any, change: str, reason: str
) -> None:
    outcome, found = check(trained, f"SELECT * REPLACE ({change}) FROM ({NEW})")
    assert outcome.summary == "broken: 1 of 5 columns"
    assert next(iter(found.values()))["reason"].startswith(reason)


def test_a_few_rows_do_not_shift_by_chance(trained: Any) -> None:
    for start in range(3000, 3400, 40):
        outcome, found = check(trained, ROWS.format(start, start + 40))
        assert outcome.summary == "ok: 5 columns"
    assert max(row["psi"] or 0 for row in found.values()) > 0.05


def test_missing_values_break_what_takes_none(context: Any) -> None:
    sql = "SELECT i % 7 AS a, i * 1.0 AS y FROM range(200) t(i)"
    context.train("sklearn.linear_model.LinearRegression", sql, "y")
    _, found = check(context, f"SELECT nullif(a, 3) AS a FROM ({sql})")
    assert found["a"]["verdict"] == "broken"
    assert "0.0% at the training: the model takes none" in found["a"]["reason"]
    assert list(found) == ["a"]  # the label is not there


def test_limits_can_be_set(trained: Any) -> None:
    moved = f"SELECT * REPLACE (x * 0.9 AS x) FROM ({NEW})"
    assert check(trained, moved)[0].summary == "ok: 5 columns"
    assert check(trained, moved, psi=0.05)[0].summary == "shifted: 1 of 5 columns"
    assert check(trained, moved, ks=0.05)[0].summary == "shifted: 1 of 5 columns"


def test_a_bad_verdict_can_be_an_error_and_the_table_is_there(trained: Any) -> None:
    moved = f"SELECT * REPLACE (x * 0.5 AS x) FROM ({NEW})"
    check(trained, NEW, fail=True)
    found = refusal(trained, moved, into="changes", fail=True)
    assert (found.code, found.about) == ("E0594", "query")
    assert found.label.startswith("`x`: PSI")
    assert trained.query("SELECT feature FROM changes WHERE verdict <> 'ok'") == [("x",)]


def test_the_table_has_the_columns_that_the_planner_says(trained: Any) -> None:
    from sqlml.planner.statements.comparison import _COLUMNS

    check(trained, NEW, into="changes")
    described = trained.query("DESCRIBE changes")
    assert [(n, t) for n, t, *_ in described] == [(c.name, c.type) for c in _COLUMNS]


def test_rows_and_columns_must_be_there(trained: Any) -> None:
    assert refusal(trained, f"{NEW} LIMIT 0").code == "E0401"
    assert refusal(trained, "SELECT 1 AS x").code == "E0409"
    (trained.model("m@1") / FILE).unlink()
    assert refusal(trained, NEW).code == "E0593"


def test_many_rows_are_profiled_by_a_sample_that_is_always_the_same(context: Any) -> None:
    context.connection.execute(f"CREATE TABLE many AS {ROWS.format(0, 60_000)}")
    columns = [
        Column(ColumnReference("x", "DOUBLE"), "feature", "number"),
        Column(ColumnReference("kind", "VARCHAR"), "feature", "category"),
    ]
    up, down = (
        make_profile(context, f"SELECT * FROM many ORDER BY {order}", columns, 60_000)[0]
        for order in ("x", "x DESC")
    )
    assert up == down
    x, kind = up.columns
    assert 18_000 < sum(x.counts) < 22_000
    assert (x.low, x.high) == (0, 99.9)
    assert sum(kind.counts) == 60_000


def test_nan_is_missing_and_infinite_numbers_are_out_of_every_range(context: Any) -> None:
    sql = (
        "SELECT CASE i % 4 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN '-inf'::DOUBLE"
        " WHEN 2 THEN NULL ELSE i END AS n, i::DOUBLE AS plain FROM range(200) t(i)"
    )
    columns = [Column(ColumnReference(n, "DOUBLE"), "feature", "number") for n in ("n", "plain")]
    odd, plain = make_profile(context, sql, columns, 200)[0].columns
    assert (odd.missing, odd.low, odd.high, sum(odd.counts)) == (0.5, 3, 199, 50)
    assert (plain.missing, plain.low, plain.high) == (0, 0, 199)

"""TO MAXIMIZE and TO MINIMIZE, against scipy, published answers and closed forms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, linprog, milp

from sqlml.errors import StepError

SUM_X = ["SUM", ["variable"]]


def column(name: str) -> list[str]:
    return ["column", name]


def times(left: Any, right: Any) -> list[Any]:
    return ["*", left, right]


def total(name: str) -> list[Any]:
    """`SUM(name * x)`."""
    return ["SUM", times(column(name), ["variable"])]


def restriction(*parts: Any, group_by: str | None = None) -> dict[str, Any]:
    """`restriction(a, "<=", b)`."""
    told = {"sides": parts[::2], "relations": parts[1::2]}
    return told if group_by is None else {**told, "group_by": group_by}


@pytest.fixture
def solve(context) -> Callable[..., NDArray[Any]]:
    """Solves over a table, and gives the values in the order of its rows."""

    def run(
        data: pa.Table,
        direction: str,
        objective: Any,
        *constraints: Any,
        domain: str = "NonNegativeReals",
        solver: str = "highs",
        **settings: Any,
    ) -> NDArray[Any]:
        context.write("data", data)
        run.outcome = context.run(
            "solve",
            rows="SELECT * FROM data ORDER BY i",
            direction=direction,
            objective=objective,
            constraints=constraints,
            variable="x",
            keys=("i",),
            column="x",
            domain=domain,
            solver=solver,
            settings=settings,
        )
        return context.results[-1]["x"].to_numpy()

    return run


def random_table(rng: np.random.Generator, rows: int) -> pa.Table:
    return pa.table(
        {
            "i": np.arange(rows),
            "gain": rng.integers(1, 30, rows).astype(float),
            "a": rng.integers(1, 9, rows).astype(float),
            "b": rng.random(rows),
            "most": rng.integers(1, 6, rows).astype(float),
            "kind": rng.integers(0, 4, rows),
        }
    )


def same_problem(data: pa.Table) -> tuple[NDArray[Any], list[LinearConstraint], Bounds]:
    """What `constraints` say of the table, written out for scipy."""
    a, b, most, kind = (data[name].to_numpy() for name in ("a", "b", "most", "kind"))
    rows = [(a, -np.inf, a.sum() / 2), (b - 0.5, -1.0, 1.0)]
    for value in np.unique(kind):
        rows.append(((kind == value) * 1.0, -np.inf, np.unique(kind).size * 2.0))
        rows.append(((kind == value) * b, 0.1 * (kind == value).sum(), np.inf))
    matrix, lower, upper = (np.array(part) for part in zip(*rows, strict=True))
    return data["gain"].to_numpy(), [LinearConstraint(matrix, lower, upper)], Bounds(0, most)


def constraints(data: pa.Table) -> list[dict[str, Any]]:
    half = ["/", ["SUM", column("a")], 2]
    least = ["*", 0.1, ["SUM", 1]]
    kinds = len(set(data["kind"].to_pylist()))
    return [
        restriction(total("a"), "<=", half),
        restriction(-1, "<=", ["SUM", times(["-", column("b"), 0.5], ["variable"])], "<=", 1),
        restriction(SUM_X, "<=", times(kinds, 2), group_by="kind"),
        restriction(total("b"), ">=", least, group_by="kind"),
        restriction(["variable"], "<=", column("most")),
    ]


@pytest.mark.parametrize("domain", ["NonNegativeReals", "NonNegativeIntegers", "Binary"])
@pytest.mark.parametrize("seed", range(8))
def test_random_problems_have_the_optimum_that_scipy_finds(solve, seed, domain) -> None:
    data = random_table(np.random.default_rng(seed), 30)
    gain, rows, bounds = same_problem(data)
    if domain == "Binary":
        bounds = Bounds(0, 1)
    whole = np.full(30, int(domain != "NonNegativeReals"))
    reference = milp(-gain, constraints=rows, bounds=bounds, integrality=whole)
    if not reference.success:
        with pytest.raises(StepError, match="E0551"):
            solve(data, "maximize", total("gain"), *constraints(data), domain=domain)
        return
    values = solve(data, "maximize", total("gain"), *constraints(data), domain=domain)
    assert gain @ values == pytest.approx(-reference.fun, rel=1e-4 if whole.any() else 1e-9)
    assert solve.outcome.metrics["objective"] == pytest.approx(gain @ values)
    assert (values >= bounds.lb).all()
    assert (values <= bounds.ub + 1e-7).all()
    (linear,) = rows
    activity = linear.A @ values
    assert (linear.lb - 1e-6 <= activity).all()
    assert (activity <= linear.ub + 1e-6).all()


def test_a_minimum_with_equations_is_that_of_linprog(solve) -> None:
    rng = np.random.default_rng(4)
    data = random_table(rng, 40)
    kind = data["kind"].to_numpy()
    equal = np.array([(kind == value) * data["a"].to_numpy() for value in range(4)])
    reference = linprog(data["gain"].to_numpy(), A_eq=equal, b_eq=[10.0] * 4, bounds=(-1, None))
    values = solve(
        data,
        "minimize",
        total("gain"),
        restriction(total("a"), "=", 10, group_by="kind"),
        restriction(["variable"], ">=", -1),
        domain="Reals",
    )
    assert data["gain"].to_numpy() @ values == pytest.approx(reference.fun)


def test_a_knapsack(solve) -> None:
    """Instance P07 of Burkardt's collection: 15 items, a capacity of 750, the best profit 1458."""
    weights = [70, 73, 77, 80, 82, 87, 90, 94, 98, 106, 110, 113, 115, 118, 120]
    profits = [135, 139, 149, 150, 156, 163, 173, 184, 192, 201, 210, 214, 221, 229, 240]
    data = pa.table({"i": np.arange(15), "weight": weights, "profit": profits})
    values = solve(
        data,
        "maximize",
        total("profit"),
        restriction(total("weight"), "<=", 750),
        domain="Binary",
        gap=0,
    )
    assert values.dtype == np.int64
    assert values.tolist() == [1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1]
    assert solve.outcome.metrics == {"objective": 1458.0, "gap": 0.0}


def test_an_assignment_is_that_of_the_hungarian_method(solve) -> None:
    cost = np.random.default_rng(5).integers(1, 100, (9, 9))
    workers, jobs = np.divmod(np.arange(81), 9)
    data = pa.table({"i": np.arange(81), "w": workers, "j": jobs, "cost": cost.ravel()})
    values = solve(
        data,
        "minimize",
        total("cost"),
        restriction(SUM_X, "=", 1, group_by="w"),
        restriction(SUM_X, "=", 1, group_by="j"),
    )
    chosen = linear_sum_assignment(cost)
    assert cost.ravel() @ values == pytest.approx(cost[chosen].sum())
    assert set(values.tolist()) <= {0.0, 1.0}


def test_least_squares_with_a_fixed_sum_has_its_closed_form(solve) -> None:
    """The nearest point of a plane: every coordinate moves by the same."""
    wanted = np.random.default_rng(6).normal(size=50) * 10
    data = pa.table({"i": np.arange(50), "wanted": wanted})
    away = ["**", ["-", ["variable"], column("wanted")], 2]
    values = solve(data, "minimize", ["SUM", away], restriction(SUM_X, "=", 100), domain="Reals")
    moved = (100 - wanted.sum()) / 50
    np.testing.assert_allclose(values, wanted + moved, atol=1e-7)
    assert solve.outcome.metrics["objective"] == pytest.approx(50 * moved**2)


def test_weighted_squares_are_maximized_downwards(solve) -> None:
    """Maximize r·x - w·x² without constraints: x = r / 2w, where that is not negative."""
    rng = np.random.default_rng(7)
    r, w = rng.normal(size=30), rng.random(30) + 0.5
    data = pa.table({"i": np.arange(30), "r": r, "w": w})
    x = ["variable"]
    gain = ["-", times(column("r"), x), times(column("w"), times(x, x))]
    values = solve(data, "maximize", ["SUM", gain])
    np.testing.assert_allclose(values, np.maximum(r / (2 * w), 0), atol=1e-7)


def test_a_constraint_for_each_row_and_a_chain(solve) -> None:
    data = pa.table({"i": np.arange(4), "low": [1.0, 2, 3, 4], "high": [9.0, 8, 7, 6]})
    between = restriction(column("low"), "<=", times(2, ["variable"]), "<=", column("high"))
    assert solve(data, "minimize", SUM_X, between).tolist() == [0.5, 1, 1.5, 2]
    assert solve(data, "maximize", SUM_X, between).tolist() == [4.5, 4, 3.5, 3]


def test_aggregates_of_columns_are_those_of_their_group(solve) -> None:
    data = pa.table({"i": np.arange(4), "g": ["a", None, "a", None], "v": [1.0, 2, 3, 5]})
    for function, expected in (
        ("MIN", [1, 2]),
        ("MAX", [3, 5]),
        ("SUM", [4, 7]),
        ("AVG", [2, 3.5]),
    ):
        bound = restriction(SUM_X, "<=", [function, column("v")], group_by="g")
        values = solve(data, "maximize", SUM_X, bound)
        assert [values[0] + values[2], values[1] + values[3]] == pytest.approx(expected)


def test_a_hundred_thousand_variables_and_as_many_constraints(solve) -> None:
    """Each takes its bound, whatever the order of the rows."""
    rows = 100_000
    most = np.random.default_rng(8).random(rows)
    data = pa.table({"i": np.arange(rows), "most": most, "kind": np.arange(rows) % 1000})
    values = solve(
        data,
        "maximize",
        SUM_X,
        restriction(["variable"], "<=", column("most")),
        restriction(SUM_X, "<=", rows, group_by="kind"),
    )
    np.testing.assert_array_equal(values, most)


def test_a_variable_keeps_to_its_domain(solve) -> None:
    data = pa.table({"i": [0, 1], "most": [7.0, 0.5]})
    most = restriction(["variable"], "<=", column("most"))
    values = solve(data, "maximize", SUM_X, most, domain="UnitInterval")
    np.testing.assert_allclose(values, [1, 0.5])


def test_zero_is_never_negative_zero(solve) -> None:
    data = pa.table({"i": [0, 1]})
    values = solve(data, "maximize", SUM_X, domain="NonPositiveReals")
    assert not np.signbit(values).any()


def test_the_solver_stops_in_time_and_says_how_far_it_came(solve, context) -> None:
    rng = np.random.default_rng(9)
    data = pa.table(
        {"i": np.arange(400), **{f"w{n}": rng.integers(1, 1000, 400) for n in range(30)}}
    )
    limits = [restriction(total(f"w{n}"), "<=", 40_000) for n in range(30)]
    values = solve(data, "maximize", total("w0"), *limits, domain="Binary", time_limit=0.5, gap=0)
    assert all(data[f"w{n}"].to_numpy() @ values <= 40_000 for n in range(30))
    assert context.notes[-1].startswith("the solver was stopped: these are the best values")


def test_rows_that_share_a_key_are_noted(solve, context) -> None:
    solve(pa.table({"i": [1, 1, 2]}), "minimize", SUM_X)
    assert context.notes == [
        "3 rows have 2 different values of i: there is one variable for each row"
    ]


def test_nothing_found_in_time_is_an_error(solve) -> None:
    data = random_table(np.random.default_rng(10), 200)
    with pytest.raises(StepError, match=r"E0553.*stopped before it found any") as caught:
        solve(data, "maximize", total("gain"), *constraints(data), time_limit=1e-9)
    (fault,) = caught.value.diagnostics
    assert (fault.about, fault.label) == ("attribute solver.time_limit", "after 1e-09 seconds")


def test_a_solver_that_gives_up_is_quoted(solve, tmp_path, monkeypatch) -> None:
    """The program is a stand-in for a broken installation."""
    program = tmp_path / "cbc"
    program.write_text("#!/bin/sh\necho 'bad option' >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StepError, match=r"E0556.*solver `cbc` gave up: bad option") as caught:
        solve(pa.table({"i": [1]}), "minimize", SUM_X, solver="cbc")
    assert caught.value.diagnostics[0].about == "using"


def test_many_squares_are_noted_and_end_in_time(solve, context) -> None:
    wanted = np.linspace(0, 1, 3_000)
    away = ["**", ["-", ["variable"], column("wanted")], 2]
    data = pa.table({"i": np.arange(3_000), "wanted": wanted})
    limit = restriction(SUM_X, "<=", 100)
    values = solve(data, "minimize", ["SUM", away], limit, time_limit=0.2)
    assert values.sum() <= 100 + 1e-6
    assert context.notes == [
        "squares of 3,000 variables can take long: `solver.time_limit` ends it earlier",
        "the solver was stopped: these are the best values that it found",
    ]


def test_small_coefficients_count(solve) -> None:
    """HiGHS would drop those below 1e-9 by itself."""
    tiny = restriction(["SUM", times(1e-10, ["variable"])], ">=", 1)
    assert solve(pa.table({"i": [0]}), "minimize", SUM_X, tiny).tolist() == pytest.approx([1e10])


def test_coefficients_that_are_too_large_are_told_with_their_row(solve) -> None:
    data = pa.table({"i": [5, 6], "w": [1.0, 1e15]})
    with pytest.raises(StepError, match=r"E0550.*this constraint .* where i = 6"):
        solve(data, "minimize", SUM_X, restriction(total("w"), ">=", 1))


ONES = pa.table({"i": np.arange(20_000), "one": np.ones(20_000), "g": np.arange(20_000) // 3})
AT_MOST_ONE = restriction(times(-2, ["variable"]), ">=", times(-2, column("one")))


@pytest.mark.parametrize(
    ("others", "label"),
    [
        (
            [restriction(SUM_X, ">=", 30_000)],
            "cannot hold for i = 0, i = 1, i = 2, and 19,997 more, with `SUM(x) >= 30000`",
        ),
        (
            [restriction(["variable"], ">=", ["/", column("g"), 6000])],
            "cannot hold for i = 18003, with `x >= g / 6000` for i = 18003",
        ),
        (
            [restriction(SUM_X, "=", ["+", 2.9, ["/", column("g"), 60000]], group_by="g")],
            "cannot hold for i = 18003, i = 18004, i = 18005,"
            " with `SUM(x) = 2.9 + g / 60000 GROUP BY g` for g = '6001'",
        ),
        (
            [restriction(["SUM", times(-1, ["variable"])], ">=", 1)],
            "cannot hold, with `x` in NonNegativeReals",
        ),
    ],
)
def test_a_conflict_in_a_large_problem_is_told_at_once(solve, others, label) -> None:
    with pytest.raises(StepError, match=r"E0551.*no values satisfy all") as caught:
        solve(ONES, "maximize", SUM_X, AT_MOST_ONE, *others)
    assert caught.value.diagnostics[0].label == label


def test_a_large_problem_that_must_be_solved_to_see_its_conflict(solve) -> None:
    """Each sum alone is in reach of the bounds; both together are not."""
    low, high = restriction(SUM_X, "<=", 10_000), restriction(total("one"), ">=", 10_001)
    with pytest.raises(StepError, match=r"E0551.*no values satisfy all") as caught:
        solve(ONES, "maximize", SUM_X, AT_MOST_ONE, low, high)
    assert caught.value.diagnostics[0].label == "nobody knows which of them are in conflict"

"""TO MAXIMIZE and TO MINIMIZE are checked as far as they can be before anything runs."""

import pytest

from sqlml.planner.plan import Solve
from sqlml.workflow.serial import from_json, to_json
from sqlml.zoo.solving import formula

SOLVE = "SELECT * FROM iris TO MAXIMIZE SUM(petal_width * x) {} WITH {}"
VARIABLES = "variables = 'x(species)'"


def solve(bench, clauses: str = "", attributes: str = VARIABLES) -> Solve:
    operator = bench.operator(SOLVE.format(clauses, attributes))
    assert isinstance(operator, Solve)
    return operator


@pytest.mark.parametrize(
    ("variables", "name", "keys", "column"),
    [
        ("x(species)", "x", ("species",), "x"),
        (" X ( Species , petal_width ) ", "X", ("species", "petal_width"), "X"),
        ("species", "species", ("species",), "species_value"),
        ("species(species)", "species", ("species",), "species_value"),
    ],
)
def test_variables_have_a_name_and_keys_and_the_solution_a_column(
    bench, variables, name, keys, column
):
    planned = bench.operator(
        f"SELECT * FROM iris TO MINIMIZE SUM({name}) WITH variables = '{variables}'"
    )
    assert (planned.variable, planned.keys, planned.column) == (name, keys, column)


def test_the_table_that_it_makes_is_known_to_later_statements(bench):
    program = SOLVE.format("CONSTRAINT x <= 1", f"{VARIABLES}, var_type = binary INTO chosen")
    bench.plan(f"{program}; SELECT species, x + 1 FROM chosen")
    code, _, span, _ = bench.fault(f"{program}; SELECT y FROM chosen")
    assert (code, span) == ("E0302", "y")


@pytest.mark.parametrize(
    ("domain", "type_"), [("Integers", "BIGINT"), ("Binary", "BIGINT"), ("Reals", "DOUBLE")]
)
def test_whole_numbers_are_bigint_and_others_double(bench, domain, type_):
    program = SOLVE.format("", f"{VARIABLES}, var_type = {domain} INTO chosen")
    planned = bench.operator(
        f"{program}; SELECT * FROM chosen TO MINIMIZE SUM(y) WITH variables = 'y(x)'"
    )
    assert [(c.name, c.type) for c in planned.rows.schema.columns] == [
        ("species", "VARCHAR"),
        ("x", type_),
    ]


def test_settings_go_to_the_solver_with_or_without_their_namespace(bench):
    planned = solve(bench, attributes=f"{VARIABLES}, solver.gap = 0.1, threads = 2, seed = 3")
    assert planned.settings == {"gap": 0.1, "threads": 2, "seed": 3}
    assert (planned.solver, planned.domain) == ("highs", "NonNegativeReals")


@pytest.mark.parametrize(
    ("attributes", "code", "span"),
    [
        ("variabels = 'x(species)'", "E0203", "variabels"),
        ("var_type = Binary", "E0208", "SUM(petal_width * x)"),
        ("variables = 'x(spicies)'", "E0315", "'x(spicies)'"),
        ("variables = 'x('", "E0205", "'x('"),
        (f"{VARIABLES}, var_type = Bool", "E0205", "Bool"),
        (f"{VARIABLES}, train.seed = 1", "E0206", "train.seed"),
        (f"{VARIABLES}, seed = 1, solver.seed = 2", "E0204", "solver.seed"),
        ("variables = 'x(species, species)' INTO t", "E0314", "t"),
        ("variables = 'petal_length(species)'", "E0258", "'petal_length(species)'"),
        (f"{VARIABLES} USING hihgs", "E0255", "hihgs"),
    ],
)
def test_attributes_of_a_solver_are_checked(bench, attributes, code, span):
    faults = bench.faults(SOLVE.format("", attributes))
    assert (code, span) in [(fault.code, fault.span.text) for fault in faults]


def test_a_solver_that_older_programs_name_is_answered_with_those_that_are_there(bench):
    (fault,) = bench.faults(SOLVE.format("", f"{VARIABLES} USING Baron"))
    assert (fault.code, fault.span.text) == ("E0255", "Baron")
    assert "only one of its own kind" in fault.message
    assert "`USING scip`" in fault.hint
    assert "installed: `highs`" in fault.hint


def test_a_solver_that_is_not_there_is_told_before_anything_runs(bench, monkeypatch):
    monkeypatch.setenv("PATH", "")
    code, message, span, hint = bench.fault(SOLVE.format("", f"{VARIABLES} USING glpk"))
    assert (code, message, span) == ("E0256", "solver `glpk` is not installed", "glpk")
    assert hint == "apt install glpk-utils; installed: `highs`"


def test_the_program_of_a_solver_is_found_on_the_path(bench, monkeypatch, tmp_path):
    program = tmp_path / "glpsol"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert solve(bench, attributes=f"{VARIABLES} USING GLPK").solver == "glpk"
    code, message, _, _ = bench.fault(
        f"SELECT * FROM iris TO MINIMIZE SUM(x ** 2) WITH {VARIABLES}, var_type = Reals USING glpk"
    )
    assert (code, message) == ("E0259", "solver `glpk` takes no squares in the objective")


def test_bounds_that_a_solver_cannot_keep_are_noted(bench):
    notes = bench.notes(SOLVE.format("", f"{VARIABLES}, var_type = PositiveReals"))
    assert [span for _, span in notes] == ["var_type = PositiveReals"]


def test_a_table_that_is_read_is_not_replaced_by_the_solution(bench):
    code, message, span, _ = bench.fault(SOLVE.format("", f"{VARIABLES} INTO iris"))
    told = "`iris`, which the query reads, would be replaced by the solution"
    assert (code, message, span) == ("E0320", told, "iris")


def test_formulas_about_wrong_queries_are_not_faulted_again(bench):
    faults = bench.faults(SOLVE.replace("iris", "irs").format("", VARIABLES))
    assert [fault.code for fault in faults] == ["E0301"]


def test_a_column_of_which_there_are_two_is_ambiguous(bench):
    code, _, span, _ = bench.fault(
        f"SELECT *, 1 AS petal_width FROM iris TO MAXIMIZE SUM(petal_width * x) WITH {VARIABLES}"
    )
    assert (code, span) == ("E0304", "petal_width")


@pytest.mark.parametrize(
    "written",
    [
        "SUM((petal_width - sepal_width) * x) / 2 ** 2 - 1",
        "SUM(petal_width - (sepal_width - x)) - (2 - 3)",
        "-SUM(-x) + AVG(x / (petal_width * 2) / 3)",
        "SUM((x - 1) ** 2 * 1.5e-07)",
        "2 ** (1 + 1) ** 2 * SUM(x)",
    ],
)
def test_formulas_survive_json_and_their_text_means_the_same(bench, written):
    template = f"SELECT * FROM iris TO MINIMIZE {{}} CONSTRAINT x >= 1 WITH {VARIABLES}"
    objective = bench.operator(template.format(written)).objective
    assert formula.from_json(formula.to_json(objective)) == objective
    text = formula.text_of(objective, "x")
    assert formula.text_of(bench.operator(template.format(text)).objective, "x") == text


def test_constraints_and_the_workflow_survive_json(bench):
    text = SOLVE.format(
        "CONSTRAINT 1 <= SUM(x) <= 2 GROUP BY species, x = 1", f"{VARIABLES} INTO t"
    )
    for restriction in bench.operator(text).restrictions:
        assert (
            formula.restriction_from_json(formula.restriction_to_json(restriction)) == restriction
        )
    workflow = bench.workflow(text)
    assert from_json(to_json(workflow)) == workflow

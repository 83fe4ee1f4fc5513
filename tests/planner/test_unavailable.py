import pytest


def test_run_is_not_run_by_this_version(bench):
    code, message, span, _ = bench.fault(
        'SELECT * FROM iris TO RUN image/tool CMD "a" INTO t; SELECT * FROM t'
    )
    assert (code, span) == ("E0213", "TO RUN")
    assert message == "TO RUN is not run by this version"


def test_the_query_of_run_is_checked(bench):
    faults = bench.faults("SELECT * FROM irs TO RUN tool")
    assert [fault.code for fault in faults] == ["E0301", "E0213"]


SOLVE = "SELECT * FROM iris TO MAXIMIZE SUM(petal_width * x) WITH {} {}"


@pytest.mark.parametrize("variables", ["x(species)", "x(species, petal_width)", "species"])
def test_maximize_is_not_run_by_this_version(bench, variables):
    code, message, span, _ = bench.fault(
        SOLVE.format(f"variables = '{variables}', var_type = Binary, solver.time_limit = 3", "")
    )
    assert (code, span) == ("E0214", "TO MAXIMIZE")
    assert message == "TO MAXIMIZE is not run by this version"


@pytest.mark.parametrize(
    ("attributes", "clauses", "code", "span"),
    [
        ("variabels = 'x(species)'", "", "E0203", "variabels"),
        ("var_type = Binary", "", "E0208", "TO MAXIMIZE"),
        ("variables = 'x(spicies)'", "", "E0315", "'x(spicies)'"),
        ("variables = 'x('", "", "E0205", "'x('"),
        ("variables = 'x(species)', var_type = Bool", "", "E0205", "Bool"),
        ("variables = 'x(species)'", "CONSTRAINT SUM(x) < 3 GROUP BY kind", "E0315", "kind"),
    ],
)
def test_attributes_and_columns_of_maximize_are_checked(bench, attributes, clauses, code, span):
    faults = bench.faults(SOLVE.format(attributes, clauses))
    assert (code, span) in [(fault.code, fault.span.text) for fault in faults]
    assert "E0214" in [fault.code for fault in faults]

"""TO RUN, planned: what is known before anything runs."""

import pytest

from sqlml.codegen.programs import Worker, as_programs
from sqlml.errors import ProgramError
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import OutputDeclaration, Place, Relation, Run, Workflow

BINNING = "SELECT * FROM iris TO RUN binning CMD '--columns', 'petal_width' INTO bins"


def test_a_ready_made_program_becomes_a_step(bench):
    node = bench.nodes(BINNING)["run"]
    assert node.operation == Run(
        "binning", ("--columns", "petal_width"), ("bins",), ready_made=True
    )
    assert node.inputs == {"rows": Relation("SELECT * FROM iris", ("iris",), stable=True)}
    assert node.outputs == (OutputDeclaration("table", "table", "bins"),)
    assert node.place == Place("t.sql", 1, 1)


def test_without_a_table_it_gives_rows(bench):
    node = bench.nodes("FROM iris TO RUN sample CMD '--rows=3'")["run"]
    assert node.outputs == (OutputDeclaration("rows", "dataset"),)


def test_an_outside_program_becomes_a_step_between_those_before_and_behind_it(bench):
    nodes = bench.nodes(
        "CREATE TABLE one AS SELECT 1 AS a; FROM iris TO RUN sh CMD '-c', 'x' INTO t, u;"
        " CREATE TABLE two AS SELECT 2 AS a"
    )
    assert nodes["run"].operation == Run("sh", ("-c", "x"), ("t", "u"))
    assert [output.target for output in nodes["run"].outputs] == ["t", "u"]
    assert (needs(nodes["run"]), needs(nodes["query-2"])) == (("query",), ("run",))


def test_ready_made_programs_run_side_by_side(bench):
    nodes = bench.nodes(
        f"{BINNING}; FROM iris TO RUN split INTO a, b; FROM a TO RUN sample CMD '--rows=1'"
    )
    assert [needs(node) for node in nodes.values()] == [(), (), ("run-2",)]


def test_the_columns_of_what_a_ready_made_program_makes_are_known(bench):
    assert bench.fault(f"{BINNING}; SELECT cunt FROM bins") == (
        "E0302",
        "there is no column `cunt`",
        "cunt",
        "did you mean `count`?",
    )
    text = (
        "FROM iris TO RUN split INTO train, test;"
        "FROM train TO TRAIN xgboost.gbtree LABEL species INTO m; FROM test TO PREDICT USING m"
    )
    assert bench.operator(text).column == "species"


def test_nothing_is_claimed_of_what_an_outside_program_makes(bench):
    bench.run("CREATE TABLE t (old INTEGER)")
    text = "FROM iris TO RUN sh INTO t; SELECT new FROM t; CREATE TABLE u AS SELECT new FROM t"
    bench.plan(
        f"{text}; SELECT newer FROM u TO RUN deduplicate CMD '--keys', 'newest' INTO v; FROM v"
    )


def test_a_reference_is_read_too(bench):
    bench.run("CREATE TABLE earlier AS FROM iris")
    words = "CMD '--columns=petal_width', '--reference', '{}'"
    node = bench.nodes(f"FROM iris TO RUN psi {words.format('earlier')} INTO p")["run"]
    assert node.inputs["reference"] == Relation("SELECT * FROM earlier", ("earlier",), stable=True)
    text = f"CREATE TABLE e AS FROM iris; FROM iris TO RUN psi {words.format('SELECT * FROM e')}"
    assert needs(bench.nodes(text)["run"]) == ("query",)


@pytest.mark.parametrize(
    ("clause", "code", "span", "hint"),
    [
        (
            "binning CMD '--columns=petal_widht'",
            "E0315",
            "'--columns=petal_widht'",
            "`petal_width`",
        ),
        ("binning CMD '--columns', 'species'", "E0247", "'species'", "cast"),
        ("binning CMD '--bins', '3'", "E0245", "binning", "--columns"),
        ("binning CMD '--colums', 'a'", "E0243", "'--colums'", "`--columns`"),
        ("binning CMD '--columns=petal_width', '--bins', 'x'", "E0244", "'x'", ""),
        ("sqlflow/runnable:v1 CMD 'binning.py', '--bin_num=x'", "E0244", "'--bin_num=x'", ""),
        ("binning CMD '--columns=petal_width' INTO a, b", "E0246", "b", ""),
        ("split INTO a, A", "E0248", "A", "once"),
        ("split INTO a, iris", "E0248", "iris", "other names"),
        ("split CMD '--time=species', '--group', 'species'", "E0244", "'species'", "keep one"),
        ("split INTO nowhere.t", "E0313", "nowhere.t", "CREATE SCHEMA nowhere"),
        ("time_features CMD '--time=species', '--date_parts=month'", "E0249", "time_features", ""),
        ("psi CMD '--columns=petal_width', '--reference', 'iri'", "E0301", "'iri'", "`iris`"),
        ("psi CMD '--columns=petal_width', '--reference=SELECT 1 AS a'", "E0249", "psi", ""),
        ("sqlflow/runnable:v1 CMD 'psi.py'", "E0241", "sqlflow/runnable:v1", "TO RUN psi CMD"),
        ("tools/none.py INTO t", "E0240", "tools/none.py", "folder"),
        ("bining INTO t", "E0240", "bining", "`binning`"),
        ("sh INTO nowhere.t", "E0313", "nowhere.t", "CREATE SCHEMA nowhere"),
        ("sh INTO t, t", "E0248", "t", "once"),
    ],
)
def test_mistakes_have_a_place_and_a_way_out(bench, clause, code, span, hint):
    found, _, place, way_out = bench.fault(f"SELECT * FROM iris TO RUN {clause}; SELECT 1")
    assert (found, place) == (code, span)
    assert hint in way_out


def test_an_image_is_run_with_what_stands_behind_cmd(bench):
    nodes = bench.nodes("SELECT * FROM iris TO RUN hub/tool:v1 CMD 'a.py', '--x=1' INTO t; FROM t")
    assert nodes["run"].operation == Run("hub/tool:v1", ("a.py", "--x=1"), ("t",), in_image=True)
    program = as_programs(Workflow("w", (nodes["run"],)), Worker(db="x.duckdb")).nodes[0]
    assert program.operation.image == "hub/tool:v1"
    assert program.operation.command == ("sqlml", "step")
    assert program.template == ""
    nodes = bench.nodes("SELECT * FROM iris TO RUN hub/tool:v1 INTO t")
    with pytest.raises(ProgramError, match="has no CMD") as caught:
        as_programs(Workflow("w", (nodes["run"],)), Worker(db="x.duckdb"))
    assert caught.value.diagnostics[0].code == "E0965"


def test_the_query_is_checked(bench):
    faults = bench.faults("SELECT * FROM irs TO RUN binning CMD '--columns', 'a' INTO t; FROM t")
    assert [fault.code for fault in faults] == ["E0301"]


def test_the_query_may_call_a_model(bench):
    bench.store("m", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"}, classes=("a", "b"))
    text = "SELECT PREDICT('m', petal_width) AS p FROM iris TO RUN"
    nodes = bench.nodes(f"{text} deduplicate CMD '--keys=p' INTO t; SELECT p FROM t; {text} sh")
    assert [set(nodes[name].inputs) for name in ("run", "run-2")] == [{"rows", "function"}] * 2
    assert bench.fault(f"{text} binning CMD '--columns=p'")[0] == "E0247"


@pytest.mark.parametrize("kind", ["ENUM('x', 'y')", "STRUCT(a INTEGER)", "DECIMAL(9,2)[]", "JSON"])
def test_rows_may_have_columns_of_any_type(bench, kind):
    bench.run(f"CREATE TABLE odd (a {kind}, b INTEGER, c DOUBLE)")
    split = 'SELECT *, NULL AS nothing, 1 AS "a b" FROM odd TO RUN split INTO one, two'
    rows = bench.operator(f"{split}; FROM one TO RUN sample CMD '--rows=1'").rows
    assert [column.name for column in rows.schema.columns] == ["a", "b", "c", "nothing", "a b"]


def test_a_feature_named_like_a_column_is_refused(bench):
    text = "SELECT *, 1 AS a_lag_1, 2 AS a FROM iris TO RUN time_features CMD"
    code, message, span, _ = bench.fault(f"{text} '--time=a', '--columns=a', '--lags=1' INTO t")
    assert (code, span) == ("E0314", "t")
    assert message == "the table would have two columns `a_lag_1`"

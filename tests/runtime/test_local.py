"""Workflows run by real worker processes, on a real database."""

from dataclasses import make_dataclass
from typing import Any

import pytest

from sqlml.errors import Diagnostic
from sqlml.optimizer.reuse import Reused
from sqlml.runtime.events import (
    RunFinished,
    RunStarted,
    StepFailed,
    StepFinished,
    StepNote,
    StepProgress,
    StepReused,
    StepSkipped,
    StepStarted,
)
from sqlml.runtime.workers.pool import Pool
from sqlml.source import Source, Span
from sqlml.workflow.ir import (
    After,
    Constant,
    Input,
    ModelReference,
    Node,
    Output,
    OutputDeclaration,
    Parameter,
    Query,
    Relation,
)
from sqlml.zoo.steps.outcome import Outcome

ROWS = Relation("SELECT * FROM t", ("t",), stable=True)
SHUFFLED = Relation("SELECT * FROM t ORDER BY random()", ("t",), deterministic=False)
JOINED = Relation("SELECT l.* FROM t l JOIN t r USING (a)", ("t",))
TOTAL = sum(range(200_000))


def step(kind: str, name: str = "", inputs: dict[str, Input] | None = None, **given: Any) -> Node:
    """A node of a kind of step that `plugin/trial_steps.py` defines."""
    after = tuple(After(other) for other in given.pop("after", ()))
    outputs = given.pop("outputs", ())
    operation = make_dataclass(kind.title(), list(given), frozen=True)(**given)
    return Node(name or kind, operation, inputs or {}, outputs, after)


def test_a_workers_step_reads_rows_reports_progress_and_is_recorded(run: Any) -> None:
    report = run(step("total", inputs={"rows": ROWS}, column="a"))
    assert report.outcome == "succeeded"
    assert report.steps["total"].outcome.metrics == {"first": TOTAL, "second": TOTAL}
    assert [type(event) for event in run.events] == [
        RunStarted, StepStarted, StepProgress, StepNote, StepFinished, RunFinished,
    ]  # fmt: skip
    assert run.told(StepFinished)[0].peak_memory > 20 << 20
    (recorded,) = run.store.runs.steps(report.run)
    assert recorded.outcome == "succeeded"
    assert recorded.known == {"rows": 200_000, "columns": 3, "bytes": 4_800_000, "attributes": {}}
    assert recorded.threads == 2
    assert recorded.peak_memory == report.steps["total"].peak_memory
    assert recorded.started < recorded.finished
    assert run.store.runs.find(report.run).outcome == "succeeded"


@pytest.mark.parametrize("relation", [ROWS, JOINED, SHUFFLED], ids=["stable", "joined", "shuffled"])
def test_rows_are_the_same_each_time_they_are_read(run: Any, relation: Relation) -> None:
    report = run(step("echo", inputs={"rows": relation}, column="a"))
    assert report.outcome == "succeeded"
    assert report.steps["echo"].outcome.metrics["equal"] == 1


@pytest.mark.parametrize("relation", [ROWS, JOINED, SHUFFLED], ids=["stable", "joined", "shuffled"])
def test_computed_columns_are_joined_to_the_rows_they_belong_to(
    run: Any, relation: Relation
) -> None:
    report = run(step("double", inputs={"rows": relation}, column="a", into="doubled"))
    assert report.steps["double"].outcome.rows == 200_000
    table = run.database.table("SELECT * FROM doubled LIMIT 0")
    assert table.schema.names == ["a", "b", "doubled"]
    wrong = "SELECT count(*) FROM doubled WHERE doubled <> 2 * a OR b <> 'row ' || a"
    assert run.database.table(wrong).column(0).to_pylist() == [0]


def test_rows_need_not_be_read_to_their_end(run: Any) -> None:
    report = run(
        step("glance", inputs={"rows": ROWS}),
        step("glance", "glance-2", inputs={"rows": JOINED}, after=["glance"]),
    )
    assert report.outcome == "succeeded"
    assert all(0 < s.outcome.metrics["rows"] < 200_000 for s in report.steps.values())


def test_an_outcome_that_cannot_travel_is_a_bug(run: Any) -> None:
    report = run(step("misreport"))
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["E0699"]


def test_extended_rows_keep_the_databases_own_types(run: Any) -> None:
    run.database.execute(
        "CREATE TABLE odd AS SELECT 1::BIGINT AS a, uuid() AS u, 1::HUGEINT AS h,"
        " 'x'::ENUM ('x', 'y') AS e, false AS dropped"
    )
    run(step("double", inputs={"rows": Relation("SELECT * FROM odd", stable=True)},
             column="a", into="odder"))  # fmt: skip
    types = run.database.table("DESCRIBE odder").column("column_type").to_pylist()
    assert types == ["BIGINT", "UUID", "HUGEINT", "ENUM('x', 'y')", "BIGINT"]


def test_reading_and_replacing_the_same_table_is_safe(run: Any) -> None:
    report = run(step("double", inputs={"rows": ROWS}, column="a", into="t"))
    assert report.outcome == "succeeded"
    found = run.database.table("SELECT count(*), sum(doubled) FROM t")
    assert [column.to_pylist() for column in found.columns] == [[200_000], [2 * TOTAL]]


def test_no_rows_make_an_empty_table(run: Any) -> None:
    none = Relation("SELECT * FROM t WHERE a < 0", stable=True)
    run(step("double", inputs={"rows": none}, column="a", into="nothing"))
    assert run.database.table("SELECT * FROM nothing").num_rows == 0


def test_without_a_table_the_rows_are_the_steps_result_set(run: Any) -> None:
    report = run(step("double", inputs={"rows": ROWS}, column="a", into=None))
    ((name, result),) = report.results
    assert name == "double"
    assert result.path == run.store.results / report.steps["double"].outcome.outputs["result"]
    assert result.read().column("doubled").to_pylist()[:3] == [0, 2, 4]


def test_a_query_that_fails_midway_leaves_the_old_table(run: Any) -> None:
    run.database.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    late = Relation("SELECT (CASE a WHEN 150000 THEN 'x' ELSE a::VARCHAR END)::BIGINT AS a FROM t")
    for relation in (late, Relation(late.sql, stable=True)):
        report = run(step("double", inputs={"rows": relation}, column="a", into="kept"))
        (diagnostic,) = report.diagnostics
        assert diagnostic.code == "E0623"
        assert "'x'" in diagnostic.message
    assert run.database.table("SELECT answer FROM kept").column(0).to_pylist() == [42]


@pytest.mark.parametrize("into", ["kept", None, "no_schema.kept"])
@pytest.mark.parametrize("stable", [True, False])
def test_a_query_that_fails_before_its_first_row_ends_the_step(
    run: Any, into: str | None, stable: bool
) -> None:
    early = Relation("SELECT ('x' || a)::BIGINT AS a, dropped FROM t", stable=stable)
    report = run(step("double", inputs={"rows": early}, column="a", into=into))
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["E0623"]


def test_a_table_that_cannot_be_written_ends_the_step(run: Any) -> None:
    report = run(step("double", inputs={"rows": ROWS}, column="a", into="no_schema.doubled"))
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["E0611"]


def test_a_step_that_fails_midway_leaves_the_old_table_and_says_where(run: Any) -> None:
    run.database.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    span = Span(Source("p.sql", "TO PREDICT kept.x"), 3, 10)
    node = step("double", inputs={"rows": ROWS}, column="a", into="kept", spoil=1)
    report = run(node, locate=lambda name, about: span if about == "column a" else None)
    (failed,) = run.told(StepFailed)
    assert failed.diagnostics == (Diagnostic("E0499", "spoilt", span, about="column a"),)
    assert (report.outcome, report.failed_step) == ("failed", "double")
    assert run.database.table("SELECT answer FROM kept").column(0).to_pylist() == [42]


def test_models_tables_results_and_files_reach_the_store(run: Any) -> None:
    node = step(
        "keep",
        name="keep",
        outputs=(OutputDeclaration("model", "model", "m"), OutputDeclaration("t", "table", "kept")),
        model_name="m",
    )
    report = run(node)
    assert report.steps["keep"].outcome.outputs["model"] == "m@1"
    assert run.store.models.find("m").manifest["run"] == report.run
    assert report.steps["keep"].result.read().column("m").to_pylist() == [2, 3, 4]
    assert run.database.table("SELECT one FROM executed").column(0).to_pylist() == [1]
    (path,) = (run.store.files / report.run).iterdir()
    assert path.read_text() == "a model"
    links = run.store.tables()["sqlml_lineage"]().to_pylist()
    assert {(link["direction"], link["kind"], link["name"]) for link in links} == {
        ("write", "model", "m@1"), ("write", "table", "kept"),
    }  # fmt: skip


def test_arguments_come_from_constants_parameters_outputs_and_the_newest_model(run: Any) -> None:
    first = step("keep", model_name="m", outputs=(OutputDeclaration("model", "model", "m"),))
    inputs: dict[str, Input] = {
        "given": Constant(("a", 1)), "set": Parameter("p"), "model": Output("keep", "model"),
    }  # fmt: skip
    tell = step("tell", inputs=inputs)
    stored = step("tell", "tell-2", {"model": ModelReference("m")}, after=["keep"])
    exact = step("tell", "tell-3", {"model": ModelReference("m", 1)}, after=["keep"])
    report = run(first, tell, stored, exact, parameters={"p": 2.5})
    told = {name: report.steps[name].outcome.summary for name in ("tell", "tell-2", "tell-3")}
    assert told == {
        "tell": "given=('a', 1) set=2.5 model='m@1'",
        "tell-2": "model='m@1'",
        "tell-3": "model='m@1'",
    }


def test_a_model_that_is_gone_fails_the_step(run: Any) -> None:
    report = run(step("tell", inputs={"model": ModelReference("ghost")}))
    assert [diagnostic.code for diagnostic in report.diagnostics] == ["E0624"]


def test_plain_statements_run_beside_the_database_and_give_their_rows(run: Any) -> None:
    create = Node("query", Query("CREATE TABLE u AS SELECT 7 AS x", writes=("u",)))
    select = Node("query-2", Query("SELECT x FROM u"), after=(After("query"),))
    report = run(create, select)
    assert [(name, result.read().to_pylist()) for name, result in report.results] == [
        ("query-2", [{"x": 7}])
    ]
    assert run.told(StepStarted)[0].title == "→ u"


def test_a_refused_statement_is_a_diagnostic_at_the_query(run: Any) -> None:
    report = run(Node("query", Query("SELECT 'x'::INTEGER AS n")))
    (diagnostic,) = report.diagnostics
    assert (diagnostic.code, diagnostic.about) == ("E0623", "query")


def test_statements_that_change_the_connection_share_one(run: Any) -> None:
    statements = [
        "SET VARIABLE wanted = 5",
        "CREATE TEMP TABLE few AS SELECT * FROM t WHERE a < getvariable('wanted')",
        "BEGIN",
        "CREATE TABLE lasting AS SELECT * FROM few",
        "COMMIT",
    ]
    nodes = [
        Node(f"query-{i}", Query(sql, session=True)) for i, sql in enumerate(statements, start=1)
    ]
    few = Relation("SELECT * FROM few", stable=True)
    report = run(*nodes, step("double", inputs={"rows": few}, column="a", into="lasting"))
    assert report.outcome == "succeeded", report.diagnostics
    assert run.database.table("SELECT sum(doubled) FROM lasting").column(0).to_pylist() == [20]
    assert not run.database.single_connection


def test_a_failed_step_skips_what_needs_it_and_lets_the_rest_finish(run: Any) -> None:
    report = run(
        step("blunder"),
        step("nap", seconds=0.3),
        step("nap", "nap-2", seconds=0, after=["blunder"]),
        step("nap", "nap-3", seconds=0, after=["nap-2"]),
        step("nap", "nap-4", seconds=0, after=["nap"]),
    )
    statuses = {name: one.status for name, one in report.steps.items()}
    assert statuses == {
        "blunder": "failed", "nap": "succeeded", "nap-2": "skipped", "nap-3": "skipped",
        "nap-4": "succeeded",
    }  # fmt: skip
    assert [(e.step, e.because) for e in run.told(StepSkipped)] == [
        ("nap-2", "it needs blunder"), ("nap-3", "it needs nap-2"),
    ]  # fmt: skip
    finished = run.told(RunFinished)[0]
    assert (finished.outcome, finished.done, finished.failed, finished.skipped) == (
        "failed", 2, 1, 2,
    )  # fmt: skip


def test_on_error_stop_starts_nothing_new(run: Any) -> None:
    report = run(
        step("patience", until_threads=2),  # which it gets when its neighbour has ended
        step("blunder"),
        step("nap", seconds=0, after=["patience"]),
        on_error="stop",
    )
    assert {name: one.status for name, one in report.steps.items()} == {
        "patience": "succeeded", "blunder": "failed", "nap": "skipped",
    }  # fmt: skip


def test_a_bug_is_told_as_one_with_its_traceback_in_the_log(run: Any) -> None:
    report = run(step("blunder"))
    (diagnostic,) = report.diagnostics
    assert diagnostic.code == "E0699"
    assert diagnostic.message == "this is a bug in sqlml: KeyError: 'missing'"
    log = run.store.runs.logs(report.run, "blunder")["blunder"]
    assert "Traceback" in log
    assert "trial_steps.py" in log


def test_what_a_step_prints_goes_to_its_log_only(
    run: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    report = run(step("chatter"), step("chatter", "chatter-2", after=["chatter"]))
    for log in run.store.runs.logs(report.run).values():
        assert log == "from python\nfrom a library\n"
    assert capfd.readouterr() == ("", "")


def test_a_worker_serves_one_step_after_the_other(run: Any) -> None:
    report = run(step("chatter"), step("chatter", "chatter-2", after=["chatter"]))
    first, second = (one.outcome.metrics["pid"] for one in report.steps.values())
    assert first == second


def test_independent_steps_run_at_the_same_time_and_share_the_cores(run: Any) -> None:
    run(step("nap", seconds=0.6), step("nap", "nap-2", seconds=0.6))
    order = [type(e) for e in run.events if isinstance(e, StepStarted | StepFinished)]
    assert order == [StepStarted, StepStarted, StepFinished, StepFinished]
    assert [event.threads for event in run.told(StepStarted)] == [1, 1]


def test_no_more_steps_run_in_workers_than_there_are_cores(run: Any) -> None:
    run(*(step("nap", f"nap-{i}", seconds=0.05) for i in range(1, 5)))
    running = most = 0
    for event in run.events:
        running += isinstance(event, StepStarted) - isinstance(event, StepFinished)
        most = max(most, running)
    assert most == 2


def test_a_step_gets_the_threads_of_a_neighbour_that_has_finished(run: Any) -> None:
    report = run(step("nap", seconds=0), step("patience", until_threads=2))
    assert [event.threads for event in run.told(StepStarted)] == [1, 1]
    assert report.steps["patience"].outcome.metrics["threads"] == 2


def test_a_prewarmed_worker_is_used_and_its_pool_closed(run: Any) -> None:
    pool = Pool(2)
    pool.prewarm("json")
    pool.prewarm("decimal", "no_such_module", "trial_steps:warm")
    report = run(step("chatter"), pool=pool)
    assert report.outcome == "succeeded"
    with pytest.raises(Exception, match="the run is ending"):
        pool.lease()


class Remembered:
    """Reuse that knows one step, and notes what it is asked and told."""

    def __init__(self, known: dict[str, Reused]) -> None:
        self.known = known
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.finished_steps: list[tuple[str, Outcome]] = []

    def static_hash(self, node: Node) -> str:
        return f"hash of {node.name}"

    def key(self, node: Node) -> str:
        return f"key of {node.name}"

    def fingerprint_read(self, _node: Node, _kind: str, name: str) -> str:
        return f"rows of {name}"

    def fingerprint_left(self, _node: Node, table: str) -> str:
        return f"rows of {table}"

    def lookup(
        self, node: Node, models: dict[str, str], _parameters: dict[str, Any]
    ) -> Reused | None:
        self.asked.append((node.name, dict(models)))
        return self.known.get(node.name)

    def remark(self, _node: Node) -> str:
        return ""

    def done_by_parts(self, node: Node) -> None:
        self.finished_steps.append((node.name, Outcome()))

    def finished(self, node: Node, run: str, outcome: Outcome, seconds: float) -> None:
        assert seconds >= 0
        self.finished_steps.append((node.name, outcome))

    def succeeded(self) -> None:
        self.has_succeeded = True


def test_a_step_that_is_remembered_is_not_run_and_hands_on_its_outputs(run: Any) -> None:
    first = step("keep", model_name="m", outputs=(OutputDeclaration("model", "model", "m"),))
    run(first)
    reuse = Remembered({"keep": Reused("7f3a", {"model": "m@1"}, "kept", {"written": 3.0})})
    report = run(first, step("tell", inputs={"model": Output("keep", "model")}), reuse=reuse)
    assert report.steps["keep"].status == "reused"
    assert report.steps["tell"].outcome.summary == "model='m@1'"
    assert reuse.asked == [("keep", {}), ("tell", {"model": "m@1"})]
    assert [name for name, _ in reuse.finished_steps] == ["tell"]
    assert [(event.step, event.source) for event in run.told(StepReused)] == [("keep", "7f3a")]
    assert run.store.runs.succeeded(report.run) == {"keep": "hash of keep", "tell": "hash of tell"}


def test_a_result_sets_file_is_among_the_outputs_that_are_remembered(run: Any) -> None:
    reuse = Remembered({})
    report = run(step("double", inputs={"rows": ROWS}, column="a", into=None), reuse=reuse)
    ((_, outcome),) = reuse.finished_steps
    assert (run.store.results / outcome.outputs["result"]).is_file()
    assert outcome == report.steps["double"].outcome


def test_metrics_of_rounds_are_recorded(run: Any) -> None:
    report = run(step("learn"))
    recorded = run.store.tables()["sqlml_metrics"]().to_pylist()
    assert [(r["step"], r["round"], r["name"], r["value"]) for r in recorded] == [
        ("learn", None, "accuracy", 0.9), ("learn", 1, "loss", 0.5), ("learn", 2, "loss", 0.25),
    ]  # fmt: skip
    assert report.steps["learn"].outcome.history == ({"round": 1, "loss": 0.5}, {"loss": 0.25})


def test_an_error_in_a_listener_ends_the_run_and_its_workers(run: Any, store: Any) -> None:
    class DeafError(Exception):
        pass

    def listen(event: object) -> None:
        if isinstance(event, StepStarted):
            raise DeafError

    run.events = type("", (list,), {"append": lambda _self, event: listen(event)})()
    with pytest.raises(DeafError):
        run(step("nap", seconds=60))
    assert store.runs.latest().outcome == "interrupted"


def test_a_step_that_cannot_even_begin_ends_with_a_bug_of_ours(run: Any) -> None:
    def listen(event: object) -> None:
        if isinstance(event, RunStarted):  # in the place of the folder of the steps' folders
            (folder,) = (run.store.folder / "scratch").iterdir()
            (folder / "steps").write_text("")

    run.events = type("", (list,), {"append": lambda _self, event: listen(event)})()
    report = run(step("double", inputs={"rows": JOINED}, column="a", into="d"))
    assert report.steps["double"].diagnostics[0].code == "E0699"


def test_nothing_is_left_of_the_scratch_folder(run: Any) -> None:
    run(step("double", inputs={"rows": JOINED}, column="a", into="d"), step("blunder"))
    assert list((run.store.folder / "scratch").iterdir()) == []

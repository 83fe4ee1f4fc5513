"""Workflows and what they must come to, whatever engine runs them: worked out by hand from the IR.

Steps that were left out, because of their own condition or of what they need, are `skipped`.
"""

from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any

from sqlml import couler
from sqlml.workflow.ir import (
    After,
    AllOf,
    AnyOf,
    Backoff,
    Call,
    Comparison,
    Condition,
    Constant,
    ForEach,
    HasStatus,
    Item,
    Join,
    Node,
    Not,
    Output,
    OutputDeclaration,
    Parameter,
    ParameterDeclaration,
    Range,
    Repeat,
    Retry,
    Script,
    Take,
    ValueType,
    Workflow,
)

from .random_workflows import step as shell


@dataclass(frozen=True, slots=True)
class Sample:
    """states: of every step; of one that is mapped, of all its rounds. outputs: `result`s."""

    workflow: Workflow
    states: Mapping[str, str]
    outputs: Mapping[str, Any] = field(default_factory=dict)


def prints(code: str, kind: ValueType = "text") -> dict[str, Any]:
    """A Python script whose `result` is what it prints; `args` are its arguments as text."""
    return {
        "operation": Script(f"import sys\nargs = sys.argv[1:]\n{code}\n"),
        "outputs": (OutputDeclaration("result", "parameter", type=kind),),
    }


def step(name: str, code: str, *, kind: ValueType = "text", **others: Any) -> Node:
    """A script whose inputs are its arguments, in their order."""
    parts = prints(code, kind)
    inputs = others.get("inputs", {})
    operation = Script(parts["operation"].source, args=tuple(Take(name) for name in inputs))
    return Node(name, **{**parts, "operation": operation, **others})


def result(node: str) -> Output:
    return Output(node, "result")


def compare(node: str, comparator: Any, value: Any) -> Condition:
    return Comparison(result(node), comparator, Constant(value))


HOSTILE = "a {{ b }} $(c) \"d\" 'e' \\f {{=1+1}} ${HOME} é ☃\nline"

FLIP = Workflow(
    "flip",
    (
        step("flip", "print('heads')"),
        step("heads", "print('it was', args[0])", inputs={"x": result("flip")},
             guard=compare("flip", "==", "heads")),
        step("tails", "print('never')", guard=compare("flip", "==", "tails")),
        step("after-tails", "print('no')", inputs={"x": result("tails")}),
        step("join", "print('joined')",
             after=(After("heads", "passed"), After("tails", "passed"))),
    ),
)  # fmt: skip
DIAMOND = Workflow(
    "diamond",
    (
        step("a", "print(args[0])", kind="int", inputs={"n": Parameter("n")}),
        step("b", "print(int(args[0]) + 1)", kind="int", inputs={"n": result("a")}),
        step("c", "print(int(args[0]) * 2)", kind="int", inputs={"n": result("a")}),
        step("d", "print(int(args[0]) + int(args[1]))", kind="int",
             inputs={"b": result("b"), "c": result("c")}),
        step("e", "print('large')",
             guard=AllOf((compare("d", ">", 9), Not(compare("d", ">=", 100))))),
        step("f", "print('small')",
             guard=AnyOf((compare("d", "<", 9), compare("d", "!=", 16.0)))),
    ),
    {"n": ParameterDeclaration("int", 5)},
)  # fmt: skip
FAILING = Workflow(
    "failing",
    (
        step("ok", "print(1)"),
        step("bad", "sys.exit(3)"),
        step("needs-bad", "print(args)", inputs={"x": result("bad")}),
        step("after-bad", "print(1)", after=(After("bad"),)),
        step("beside", "print('still')", after=(After("ok"),)),
        step("mends", "print('mended')", after=(After("bad", "failed"),)),
        step("anyway", "print('anyway')", after=(After("bad", "finished"),)),
        step("unless", "print('never')", after=(After("ok", "failed"),)),
    ),
    on_exit=(
        step("clean", "print('clean')"),
        step("mourn", "print('failed')", guard=HasStatus("failed")),
        step("cheer", "print('fine')", guard=HasStatus("succeeded")),
    ),
)
MAPPED = Workflow(
    "mapped",
    (
        step("list", "print('[3, 1, 2]')", kind="json"),
        step("empty", "print('[]')", kind="json"),
        step("each", "print(int(args[0]) * 10)", kind="int",
             inputs={"x": Item()}, loop=ForEach(result("list"))),
        step("known", "print(args[0] + args[1])",
             inputs={"x": Item("name"), "y": Item("n")},
             loop=ForEach(Constant(({"name": "a", "n": 1}, {"name": "b", "n": 2})), 1)),
        step("range", "print(int(args[0]) ** 2)", kind="int",
             inputs={"x": Item()}, loop=ForEach(Range(1, 6, 2))),
        step("none", "print('x')", inputs={"x": Item()}, loop=ForEach(result("empty"))),
        step("sum", "import json; print(sum(json.loads(args[0])))", kind="int",
             inputs={"x": result("each")}),
        step("count", "import json; print(len(json.loads(args[0])))", kind="int",
             inputs={"x": result("none")}),
        step("again", "print(int(args[0]) + 1)", kind="int",
             inputs={"x": Item()}, loop=ForEach(result("each"))),
    ),
    parallelism=2,
)  # fmt: skip
REPEATED = Workflow(
    "repeated",
    (
        step("count", _COUNTING := (
            "from pathlib import Path\np = Path(args[0], 'rounds')\n"
            "n = int(p.read_text()) + 1 if p.exists() else 1\np.write_text(str(n))\nprint(n)"
        ), kind="int", inputs={"folder": Parameter("folder")},
             loop=Repeat(compare("count", "<", 3), 10)),
        step("done", "print(args[0])", inputs={"n": result("count")}),
        step("endless", "print('more')", loop=Repeat(compare("endless", "==", "more"), 2)),
    ),
    {"folder": ParameterDeclaration()},
)  # fmt: skip
RETRIED = Workflow(
    "retried",
    (
        step("flaky", (
            "from pathlib import Path\np = Path(args[0], 'attempts')\n"
            "n = int(p.read_text()) + 1 if p.exists() else 1\np.write_text(str(n))\n"
            "sys.exit('reset') if n < 3 else print(n)"
        ), kind="int", inputs={"folder": Parameter("folder")},
             retry=Retry(3, ("any",), Backoff(0.05))),
        step("hopeless", "sys.exit('no')", retry=Retry(1, ("any",), Backoff(0.05))),
        step("busy", (
            "from pathlib import Path\np = Path(args[0], 'busy')\n"
            "if not p.exists():\n    p.touch()\n    sys.exit('HTTP error 429: Too Many Requests')\n"
            "print('served')"
        ), inputs={"folder": Parameter("folder")}, retry=Retry(2, backoff=Backoff(0.05))),
        step("wrong", (
            "from pathlib import Path\np = Path(args[0], 'wrong')\n"
            "p.write_text((p.read_text() if p.exists() else '') + 'x')\nundefined"
        ), inputs={"folder": Parameter("folder")}, retry=Retry(3, backoff=Backoff(0.05))),
        step("tried", "from pathlib import Path; print(len(Path(args[0], 'wrong').read_text()))",
             inputs={"folder": Parameter("folder")}, after=(After("wrong", "failed"),), kind="int"),
    ),
    {"folder": ParameterDeclaration()},
)  # fmt: skip
HOSTILE_TEXT = Workflow(
    "hostile",
    (
        step("echo", "sys.stdout.buffer.write(args[0].encode())", inputs={"x": Constant(HOSTILE)}),
        Node(
            "joined",
            Script(
                "import sys, os; print(sys.argv[1], os.environ['E'])",
                args=(Join(("<", Take("x"), "{{x}}>")),),
            ),
            {"x": Constant("v")},
            (OutputDeclaration("result", "parameter"),),
            env={"E": Join(("{{", Take("x"), "}}"))},
        ),
    ),
)
CALLED = Workflow(
    "called",
    (
        step("start", "print(4)", kind="int"),
        Node(
            "double",
            Call("twice"),
            {"x": result("start")},
            (OutputDeclaration("answer", "parameter", type="int"),),
            guard=compare("start", ">", 3),
        ),
        step("end", "print(args[0])", kind="int", inputs={"x": Output("double", "answer")}),
    ),
    workflows=(
        Workflow(
            "twice",
            (
                step("one", "print(int(args[0]) * 2)", kind="int", inputs={"x": Parameter("x")}),
                step("two", "print(int(args[0]) + 1)", kind="int", inputs={"x": result("one")}),
            ),
            {"x": ParameterDeclaration("int")},
            {"answer": result("two")},
        ),
    ),
)

_IN = {"folder": Parameter("folder")}
_ANSWER = (OutputDeclaration("result", "parameter", type="int"),)
GROUPED = Workflow(
    "grouped",
    (
        step("list", "print('[3, 0, 2]')", kind="json"),
        Node("each", Call("halved"), {"x": Item()}, _ANSWER, loop=ForEach(result("list"))),
        Node("again", Call("round"), _IN, _ANSWER, loop=Repeat(compare("again", "<", 3), 5)),
        Node("endless", Call("halved"), {"x": Constant(1)}, _ANSWER,
             loop=Repeat(compare("endless", "<", 9), 2)),
        Node("not-now", Call("round"), _IN, _ANSWER, guard=compare("again", ">", 3),
             loop=Repeat(compare("not-now", "<", 3), 5)),
        step("end", "print(args[0], args[1])",
             inputs={"each": result("each"), "again": result("again")}),
    ),
    {"folder": ParameterDeclaration()},
    workflows=(
        Workflow(
            "halved",
            (
                shell("twice", "echo $(($1 * 2))", "int", inputs={"x": Parameter("x")}),
                shell("never", "echo 1", after=(After("twice", "failed"),)),
                shell("once", "echo $1.5", "float", inputs={"x": result("twice")},
                      guard=compare("twice", "!=", 0)),
                shell("after", "echo $(($1 / 2 + 1))", "int", inputs={"x": result("twice")},
                      after=(After("once", "passed"),)),
            ),
            {"x": ParameterDeclaration("int")},
            {"result": result("after")},
        ),
        Workflow(
            "round",
            (
                Node("count", REPEATED.nodes[0].operation, _IN, _ANSWER),
                shell("same", "echo $1", "int", inputs={"n": result("count")}),
            ),
            {"folder": ParameterDeclaration()},
            {"result": result("same")},
        ),
    ),
)  # fmt: skip


def _program_for_couler() -> Workflow:
    """A program written for Couler, of which only the import is another."""

    def flip() -> None:
        print("heads")  # noqa: T201

    def power(x: int) -> None:
        print(int(x) ** 2)  # noqa: T201

    def say(what: str) -> Any:
        name = f"say-{what}"
        return couler.run_container(
            image="alpine:3.20", command=["echo"], args=["it was", what], step_name=name
        )

    def square(x: int) -> Any:
        return couler.run_script(image="python:3.11", source=power, args=[x], step_name="square")

    result = couler.run_script(image="python:3.11", source=flip, step_name="flip")
    couler.when(couler.equal(result, "heads"), lambda: say("heads"))
    couler.when(couler.equal(result, "tails"), lambda: say("tails"))
    couler.map(lambda x: square(x), [1, 2, 3])  # noqa: PLW0108
    couler.set_exit_handler(couler.WFStatus.Succeeded, lambda: say("done"))
    return replace(couler.workflow(), name="couler")


COULER = Context().run(_program_for_couler)

OK, BAD, OFF = "succeeded", "failed", "skipped"
CORPUS: Mapping[str, Sample] = {
    "flip": Sample(
        FLIP,
        {"flip": OK, "heads": OK, "tails": OFF, "after-tails": OFF, "join": OK},
        {"flip": "heads", "heads": "it was heads", "join": "joined"},
    ),
    "diamond": Sample(
        DIAMOND,
        {"a": OK, "b": OK, "c": OK, "d": OK, "e": OK, "f": OFF},
        {"a": 5, "b": 6, "c": 10, "d": 16, "e": "large"},
    ),
    "failing": Sample(
        FAILING,
        {
            "ok": OK, "bad": BAD, "needs-bad": OFF, "after-bad": OFF, "beside": OK, "mends": OK,
            "anyway": OK, "unless": OFF, "clean": OK, "mourn": OK, "cheer": OFF,
        },
        {"beside": "still", "mends": "mended", "anyway": "anyway", "mourn": "failed"},
    ),
    "mapped": Sample(
        MAPPED,
        {
            "list": OK, "empty": OK, "each": OK, "known": OK, "range": OK, "none": OK, "sum": OK,
            "count": OK, "again": OK,
        },
        {
            "each": [30, 10, 20], "known": ["a1", "b2"], "range": [1, 9, 25], "sum": 60,
            "count": 0, "again": [31, 11, 21],
        },
    ),
    "repeated": Sample(
        REPEATED, {"count": OK, "done": OK, "endless": BAD}, {"count": 3, "done": "3"}
    ),
    "retried": Sample(
        RETRIED,
        {"flaky": OK, "hopeless": BAD, "busy": OK, "wrong": BAD, "tried": OK},
        {"flaky": 3, "busy": "served", "tried": 1},
    ),
    "hostile": Sample(
        HOSTILE_TEXT,
        {"echo": OK, "joined": OK},
        {"echo": HOSTILE, "joined": "<v{{x}}> {{v}}"},
    ),
    "couler": Sample(
        COULER,
        {"flip": OK, "say-heads": OK, "say-tails": OFF, "square": OK, "say-done": OK},
        {"say-heads": "it was heads", "square": ["1", "4", "9"], "say-done": "it was done"},
    ),
    "grouped": Sample(
        GROUPED,
        {
            "list": OK, "each": OK, "again": OK, "endless": BAD, "not-now": OFF, "end": OK,
        },
        {"each": [4, 1, 3], "again": 3, "end": "[4,1,3] 3"},
    ),
    "called": Sample(
        CALLED, {"start": OK, "end": OK}, {"start": 4, "end": 9}
    ),
}  # fmt: skip

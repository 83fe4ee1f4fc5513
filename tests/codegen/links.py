"""A workflow whose steps are linked in every way there is, some of them failed or left out."""

from sqlml.workflow.ir import (
    After,
    AllOf,
    Comparison,
    Constant,
    ForEach,
    HasStatus,
    InputFile,
    Item,
    Node,
    Not,
    Output,
    OutputDeclaration,
    Outputs,
    Script,
    Workflow,
)

from .corpus import step

FILE = (OutputDeclaration("f", "artifact", path="f.txt"),)

LINKS = Workflow(
    "links",
    (
        step("good", "print(7)", kind="int"),
        step("bad", "sys.exit(3)"),
        step("off", "print(1)", guard=Comparison(Output("good", "result"), "<", Constant(5))),
        step("taker", "print(args[0])", inputs={"x": Output("good", "result")}),
        step("of-bad", "print(1)", inputs={"x": Output("bad", "result")}),
        step("of-off", "print(1)", inputs={"x": Output("off", "result")}),
        step("of-of-bad", "print(1)", after=(After("of-bad", "passed"),)),
        step("of-of-off", "print(1)", after=(After("of-off", "skipped"),)),
        step("passed", "print(1)", after=(After("off", "passed"),)),
        step("mends", "print(1)", after=(After("bad", "failed"),)),
        step("any", "print(1)", after=(After("of-bad", "finished"),)),
        step("asks", "print(1)",
             guard=AllOf((HasStatus("failed", "bad"), Not(HasStatus("skipped", "good"))))),
        step("list", "print('[1, 2]')", kind="json"),
        step("each", "print(args[0])", inputs={"x": Item()},
             loop=ForEach(Output("list", "result"))),
        step("all", "print(args[0])",
             inputs={"x": Outputs(("good", "taker"), "result")}),
        Node("writes", Script("open('f.txt', 'w').write('in the file')"), outputs=FILE),
        step("reads", "print(open('in.txt').read())",
             files={"in": InputFile("in.txt", Output("writes", "f"))}),
    ),
    outputs={"kept": Output("taker", "result"), "lost": Output("of-bad", "result")},
    on_exit=(step("says", "print(args[0])", inputs={"x": Output("taker", "result")}),
             step("mourns", "print(1)", guard=HasStatus("failed", "bad"))),
)  # fmt: skip

"""Small random workflows that can be run: scripts with outputs, conditions, loops, failures, calls.

They stay within what all engines understand alike: texts of a loop's rounds are no JSON.
"""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from sqlml.workflow.graph import givers
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
    Input,
    Item,
    Loop,
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
    Status,
    Take,
    ValueType,
    Workflow,
)

HOSTILE = (
    "it's",
    'say "x"',
    "{{x}} }}",
    "$(params.x) $(x)",
    "a\nb",
    "\\",
    "é ☃",
    "${HOME} `ls`",
    "-n",
)
WORDS = ("heads", "tails", "a-b", "x_y")
STATUSES: tuple[Status, ...] = ("succeeded", "failed", "passed", "finished")
COMPARATORS: tuple[Any, ...] = ("==", "!=", "<", "<=", ">", ">=")
_COUNTS = 'f="$1/{}"; n=$(cat "$f" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "$f"; '


def step(name: str, code: str, kind: ValueType = "text", **more: Any) -> Node:
    """A shell script whose inputs are its arguments, and whose `result` is what it prints."""
    args = tuple(map(Take, more.get("inputs", {})))
    result = (OutputDeclaration("result", "parameter", type=kind),)
    return Node(name, Script(code + "\n", command=("sh",), args=args), outputs=result, **more)


@dataclass
class Writer:
    """Writes the steps of one workflow. calls: those that it may call, which take `x`.

    is_top: it is run once, so that its steps may count in files how often they are.
    """

    random: Random
    is_top: bool = False
    calls: tuple[Workflow, ...] = ()
    nodes: list[Node] = field(default_factory=list)

    def add(self) -> None:
        """One more step, which may need those before it."""
        name = f"n{len(self.nodes)}"
        makers = [self.number, self.word, self.items, self.echo, self.sum, self.fail, self.each]
        makers += [self.flaky, self.counting] if self.is_top else []
        makers += [self.call, self.call] if self.calls else []
        node = self.random.choice(makers)(name)
        self.nodes.append(self.controlled(node))

    def controlled(self, node: Node) -> Node:
        """The step with an order and a condition of its own."""
        after: tuple[After, ...] = ()
        guard: Condition | None = None
        if self.nodes and self.random.random() < 0.3:
            before = self.random.choice(self.nodes).name
            after = (After(before, self.random.choice(STATUSES)),)
        if self.nodes and self.random.random() < 0.3:
            guard = self.condition()
        if {*givers(replace(node, guard=guard))} & {each.node for each in after}:
            after = ()  # it may ask that what gives it something has failed
        return replace(node, after=after, guard=guard)

    # --- what steps do ---

    def number(self, name: str) -> Node:
        return step(name, f"echo {self.random.randint(-3, 9)}", "int")

    def word(self, name: str) -> Node:
        return step(name, f"echo {self.random.choice(WORDS)}")

    def items(self, name: str) -> Node:
        items = [self.random.randint(0, 9) for _ in range(self.random.randint(0, 3))]
        return step(name, f"echo '{items}'", "json")

    def echo(self, name: str) -> Node:
        texts: list[Input] = [Constant(self.random.choice(HOSTILE)), *self.given("text")]
        return step(name, "printf '<%s>' \"$1\"", inputs={"x": self.random.choice(texts)})

    def sum(self, name: str) -> Node:
        numbers: list[Input] = [Constant(self.random.randint(0, 9)), *self.given("int")]
        inputs = {"x": self.random.choice(numbers), "y-z": self.random.choice(numbers)}
        return step(name, "echo $(($1 + $2))", "int", inputs=inputs)

    def fail(self, name: str) -> Node:
        return step(name, f"echo oh >&2; exit {self.random.randint(1, 3)}")

    def flaky(self, name: str) -> Node:
        limit = self.random.randint(0, 2)
        code = _COUNTS.format("$2") + "[ $n -gt 1 ] || exit 1; echo $n"
        retry = Retry(limit, ("any",), Backoff(0.01)) if limit else None
        return step(name, code, "int", inputs=self.counter(name), retry=retry)

    def counting(self, name: str) -> Node:
        again = Comparison(Output(name, "result"), "<", Constant(self.random.randint(1, 4)))
        loop = Repeat(again, self.random.randint(1, 3))
        return step(
            name, _COUNTS.format("$2") + "echo $n", "int", inputs=self.counter(name), loop=loop
        )

    def counter(self, name: str) -> dict[str, Input]:
        return {"folder": Parameter("folder"), "key": Constant(name)}

    def each(self, name: str) -> Node:
        lists: list[Any] = [Constant((1, 2, 3)), Constant(()), Range(0, 5, 2), *self.given("json")]
        limit = self.random.choice([None, None, 1])
        loop = ForEach(self.random.choice(lists), limit)
        return step(name, "echo $(($1 * 10))", "int", inputs={"x": Item()}, loop=loop)

    def call(self, name: str) -> Node:
        called = self.random.choice(self.calls)
        lists: list[Any] = [Constant((1, 2)), *self.given("json")]
        loop: Loop | None = self.random.choice([None, *map(ForEach, lists)])
        value = Item() if loop else self.random.choice([Constant(4), *self.given("int")])
        outputs = tuple(OutputDeclaration(o, "parameter", type="int") for o in called.outputs)
        return Node(name, Call(called.name), {"x": value}, outputs, loop=loop)

    # --- what they take ---

    def given(self, kind: ValueType) -> list[Output]:
        """The outputs of that type, of steps without a loop."""
        return [
            Output(node.name, each.name)
            for node in self.nodes
            if not isinstance(node.loop, ForEach)
            for each in node.outputs
            if each.type == kind
        ]

    def lists(self) -> list[Output]:
        """The lists that loops give."""
        loops = [node for node in self.nodes if isinstance(node.loop, ForEach)]
        return [Output(node.name, each.name) for node in loops for each in node.outputs]

    def condition(self) -> Condition:
        terms = [self.term() for _ in range(self.random.randint(1, 2))]
        if len(terms) == 1:
            return self.random.choice([terms[0], Not(terms[0])])
        return self.random.choice([AllOf, AnyOf])(tuple(terms))

    def term(self) -> Condition:
        if (numbers := self.given("int")) and self.random.random() < 0.7:
            value = Constant(self.random.choice([1, 3, 5.5]))
            comparator = self.random.choice(COMPARATORS)
            return Comparison(self.random.choice(numbers), comparator, value)
        if (texts := self.given("text")) and self.random.random() < 0.6:
            other = Constant(self.random.choice([*WORDS, *(f"<{text}>" for text in HOSTILE)]))
            return Comparison(self.random.choice(texts), self.random.choice(["==", "!="]), other)
        return HasStatus(self.random.choice(STATUSES), self.random.choice(self.nodes).name)


def gather(name: str, writer: Writer) -> Node | None:
    """A step that takes the list of a loop."""
    lists = writer.lists()
    if not lists:
        return None
    return step(name, 'echo "<$1>"', inputs={"x": writer.random.choice(lists)})


FOLDER = {"folder": ParameterDeclaration()}


def part(name: str, random: Random) -> Workflow:
    """A workflow to call, which gives a number."""
    first = step("first", "echo $(($1 + 1))", "int", inputs={"x": Parameter("x")})
    writer = Writer(random, nodes=[first])
    for _ in range(random.randint(0, 2)):
        writer.add()
    given = [each for each in writer.nodes if each.guard is None and not each.after]
    numbers = [node for node in given if Output(node.name, "result") in writer.given("int")]
    output = Output(random.choice(numbers).name, "result")
    status = random.choice(["succeeded", "failed"])
    last = step("last", "echo bye", guard=HasStatus(status))
    return Workflow(
        name, tuple(writer.nodes), {"x": ParameterDeclaration("int")}, {"answer": output},
        on_exit=(last,) if random.random() < 0.3 else (),
        retry=random.choice([None, Retry(1, ("any",), Backoff(0.01))]),
    )  # fmt: skip


def random_workflow(random: Random, name: str = "w") -> Workflow:
    """A workflow of 3 to 8 steps. Its parameter `folder` is a folder that is its own."""
    calls = tuple(part(f"part-{i}", random) for i in range(random.randint(0, 1)))
    writer = Writer(random, is_top=True, calls=calls)
    for _ in range(random.randint(3, 7)):
        writer.add()
    if last := gather(f"n{len(writer.nodes)}", writer):
        writer.nodes.append(last)
    exits = [
        step(f"at-{status}", "echo bye", guard=HasStatus(status))
        for status in ("succeeded", "failed")
    ]
    called = {n.operation.workflow for n in writer.nodes if isinstance(n.operation, Call)}
    calls = tuple(each for each in calls if each.name in called)
    return Workflow(
        name, tuple(writer.nodes), FOLDER, workflows=calls,
        on_exit=tuple(exits) if random.random() < 0.5 else (),
    )  # fmt: skip

"""A whole workflow as the lines of a script, and the functions that these call."""

from collections.abc import Iterator, Mapping

from sqlml.codegen.python.flow.level import Level, indented, trimmed
from sqlml.codegen.python.flow.parameters import opening
from sqlml.codegen.python.flow.programs import Functions
from sqlml.codegen.python.flow.scope import Left, Scope, Value
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Call, Node, Workflow
from sqlml.workflow.operations import PROGRAMS


class Script:
    """opening: the first lines. calls: the functions for workflows that are called. body: the
    steps, behind what reads their parameters."""

    def __init__(self, program: Program) -> None:
        self._program = program
        workflow = program.workflow
        parts = (workflow, *workflow.workflows)
        nodes = [node for part in parts for node in (*part.nodes, *part.on_exit)]
        self.uses_sql = not all(isinstance(node.operation, PROGRAMS) for node in nodes)
        self._functions = Functions(program, nodes)
        self._called: dict[str, tuple[str, Left]] = {}
        self.calls: list[str] = []
        lines, given = opening(program, uses_sql=self.uses_sql)
        self.opening = [] if given else lines
        self.body = [*(lines if given else []), *self._body(given)]

    @property
    def functions(self) -> Mapping[str, str]:
        """The texts of the functions that are steps, by their names."""
        return self._functions.texts

    def _body(self, given: Mapping[str, Value]) -> Iterator[str]:
        workflow = self._program.workflow
        if workflow.timeout is not None:
            yield call("end_after", f"{workflow.timeout:g}")
        yield from self._level(workflow, given).lines()
        if self.uses_sql:
            yield from ("", "con.close()")

    def _level(self, workflow: Workflow, given: Mapping[str, Value]) -> Level:
        return Level(self._program, self._functions, workflow, Scope(given), self._call)

    def _call(self, node: Node) -> tuple[str, Left]:
        """The function for the workflow that a step calls, and what it leaves."""
        assert isinstance(node.operation, Call)
        name = node.operation.workflow
        if name not in self._called:
            workflow = self._program.part(name)
            if workflow.timeout is not None:
                self._program.refuse(node, f"`{name}` has a timeout of its own")
            self._called[name] = self._define(workflow)
        return self._called[name]

    def _define(self, workflow: Workflow) -> tuple[str, Left]:
        function = self._program.variable(workflow.name, "steps")
        names = {each: self._program.variable(each) for each in workflow.parameters}
        kinds = {name: one.type for name, one in workflow.parameters.items()}
        given = {
            name: Value(variable, None if kinds[name] == "text" else kinds[name])
            for name, variable in names.items()
        }
        level = self._level(workflow, given)
        lines = [*trimmed(level.lines())]
        unsure = level.unsure & {one.node for one in workflow.outputs.values()}
        values = {name: level.left_for_caller(one) for name, one in workflow.outputs.items()}
        self.calls += ["", "", f"def {function}({', '.join(names.values())}):"]
        for one in unsure:
            self.calls.append(f"    {level.scope.left[one].variable} = None")
        self.calls += indented(lines)
        is_record = len(values) > 1
        if is_record:
            told = ", ".join(f"{literal(name)}: {value.text}" for name, value in values.items())
            self.calls.append(f"    return {{{told}}}")
        elif values:
            self.calls.append(f"    return {next(iter(values.values())).text}")
        types = {name: value.type for name, value in values.items()}
        return function, Left("", types, is_record=is_record, may_lack=bool(unsure))

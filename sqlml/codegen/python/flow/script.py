"""A whole workflow as the lines of a script, and the functions that these call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlml.codegen.python.flow.blocks import block, trimmed
from sqlml.codegen.python.flow.level import Level
from sqlml.codegen.python.flow.parameters import opening
from sqlml.codegen.python.flow.programs import Functions
from sqlml.codegen.python.flow.scope import Left, Scope, Value, converted
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.operators.kept import taken
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import Call, Constant, Node, ValueType, Workflow
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
        self._called: dict[str, _Called] = {}
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
        yield from taken(self._program)
        yield from self._level(workflow, given).lines()
        if self.uses_sql:
            yield from ("", "con.close()")

    def _level(self, workflow: Workflow, given: Mapping[str, Value]) -> Level:
        return Level(self._program, self._functions, workflow, Scope(given), self._call)

    def _call(self, node: Node, scope: Scope) -> tuple[str, Left]:
        """The call of a workflow, for which there is a function, and what it leaves."""
        assert isinstance(node.operation, Call)
        workflow = self._program.part(node.operation.workflow)
        given = {name: scope.value(value) for name, value in node.inputs.items()}
        for name, declared in workflow.parameters.items():
            if name not in given:
                given[name] = scope.value(Constant(declared.default))
        if workflow.name not in self._called:
            if workflow.timeout is not None:
                self._program.refuse(node, f"`{workflow.name}` has a timeout of its own")
            self._called[workflow.name] = self._define(workflow, given)
        called = self._called[workflow.name]
        words = (converted(given[name], kind) for name, kind in called.kinds.items())
        return call(called.function, *words), called.left

    def _define(self, workflow: Workflow, given: Mapping[str, Value]) -> "_Called":
        """Write the function for a workflow. given: the values of its first call."""
        function = self._program.variable(workflow.name, "steps")
        kinds = {
            name: given[name].type if declared.type == "text" else declared.type
            for name, declared in workflow.parameters.items()
        }
        names = {name: self._program.variable(name) for name in kinds}
        level = self._level(workflow, {name: Value(names[name], kinds[name]) for name in kinds})
        lines = [*level.lines()]
        unsure = level.unsure & {one.node for one in workflow.outputs.values()}
        values = {name: level.left_for_caller(one) for name, one in workflow.outputs.items()}
        missing = (f"{level.scope.left[one].variable} = None" for one in sorted(unsure))
        is_record = len(values) > 1
        told = [f"{literal(name)}: {value.text}" for name, value in values.items()]
        given_back = (
            f"{{{', '.join(told)}}}"
            if is_record
            else "".join(value.text for value in values.values())
        )
        back = [f"return {given_back}"] if values else []
        head = f"def {function}({', '.join(names.values())}):"
        self.calls += ["", "", *block(head, (*missing, *trimmed(lines), *back))]
        types = {name: value.type for name, value in values.items()}
        return _Called(function, kinds, Left("", types, is_record, may_lack=bool(unsure)))


@dataclass(frozen=True, slots=True)
class _Called:
    """The function for a workflow. kinds: of its parameters, in their order."""

    function: str
    kinds: Mapping[str, ValueType | None]
    left: Left

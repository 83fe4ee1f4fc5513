"""One Python script that does what a program of SQL does, without sqlml."""

from collections.abc import Iterator, Mapping
from importlib import import_module

from sqlml.codegen.engine import FEATURES, Capability, Feature, Options
from sqlml.codegen.python.layout import laid_out
from sqlml.codegen.python.library import functions_for, imports_for
from sqlml.codegen.python.operators import OPERATORS
from sqlml.codegen.python.program import Program
from sqlml.errors import ProgramError
from sqlml.workflow.ir import Workflow

_CONNECTION = 'con = duckdb.connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:")'


class Python:
    """Statements become lines of a script, for people to read and go on from."""

    name = "python"
    title = "Python"
    outputs = ""
    takes_sql = True
    settings: Mapping[str, str] = {}
    support: Mapping[Feature, Capability] = dict.fromkeys(
        FEATURES,
        Capability(
            "refused",
            "it is for SQL: plain statements, TRAIN, PREDICT, EVALUATE, CHECK and EXPLAIN, one"
            " after the other; `sqlml run` and the other engines do this",
        ),
    )

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        program = Program(workflow)
        body = "\n".join(part for line in _lines(program) for part in laid_out(line)).strip("\n")
        if program.faults:
            raise ProgramError(*program.faults)
        name = options.name or workflow.name.rpartition("/")[2].removesuffix(".sql")
        safe = "".join(c if c.isalnum() else "_" for c in name).strip("_") or "program"
        shared = functions_for(body)
        code = (
            "\n\n\n".join(filter(None, [_CONNECTION, shared])) + "\n\n" + "\n" * bool(shared) + body
        )
        title = workflow.name.replace("\\", "/").replace('"', "'").replace("\n", " ")
        head = f'"""{title}, written by sqlml. Run it with the path of a DuckDB file."""'
        imports = imports_for(code, program.imports)
        return {f"{safe}.py": f"{head}\n\n{imports}\n\n{code}\n"}


ENGINE = Python()


def _lines(program: Program) -> Iterator[str]:
    """The statements of a workflow; the program has what cannot be written, when all are taken."""
    workflow = program.workflow
    if workflow.parameters or workflow.on_exit:
        program.refuse(None, "it has parameters or exit steps")
    for node in workflow.nodes:
        yield ""
        yield f"# {node.name}" + (f", line {node.place.line}" if node.place else "")
        if node.guard is not None or node.loop is not None:
            program.refuse(node, "it has a condition or a loop")
        kind = type(node.operation).__name__
        if kind not in OPERATORS:
            program.refuse(node, f"`{kind.lower()}` is none of what it can say")
            continue
        writer = import_module(f"sqlml.codegen.python.operators.{OPERATORS[kind]}")
        yield from writer.write(program, node, node.operation)
    yield ""
    yield "con.close()"

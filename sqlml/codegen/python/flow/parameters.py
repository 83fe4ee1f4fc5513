"""The parameters of a workflow, as options of a script's command line."""

from sqlml.codegen.python.flow.scope import Value, reader
from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.program import Program
from sqlml.workflow.ir import ParameterDeclaration
from sqlml.workflow.serial import thaw

CONNECTION = 'con = duckdb.connect(sys.argv[1] if len(sys.argv) > 1 else ":memory:")'


def opening(program: Program, *, uses_sql: bool) -> tuple[list[str], dict[str, Value]]:
    """The first lines of a script: what it is given, and the database; and the parameters."""
    declared = program.workflow.parameters
    if not declared:
        return [CONNECTION] if uses_sql else [], {}
    names = {name: program.variable(name) for name in declared}
    lines = ["parser = argparse.ArgumentParser()"]
    lines += ['parser.add_argument("database", nargs="?", default=":memory:")'] if uses_sql else []
    lines += [_option(name, variable, declared[name]) for name, variable in names.items()]
    lines.append("arguments = parser.parse_args()")
    lines += ["con = duckdb.connect(arguments.database)"] if uses_sql else []
    lines += [f"{variable} = arguments.{variable}" for variable in names.values()]
    return lines, {name: Value(names[name], one.type) for name, one in declared.items()}


def _option(name: str, variable: str, declared: ParameterDeclaration) -> str:
    words = {}
    if name.replace("-", "_") != variable:
        words["dest"] = literal(variable)
    if reader(declared.type):
        words["type"] = reader(declared.type)
    if declared.required:
        words["required"] = "True"
    elif declared.default is not None:
        words["default"] = literal(thaw(declared.default))
    if declared.description:
        words["help"] = literal(declared.description.replace("%", "%%"))
    return call("parser.add_argument", literal(f"--{name}"), **words)

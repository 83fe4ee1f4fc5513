"""One Python script that does what a program of SQL does, without sqlml."""

from collections.abc import Mapping

from sqlml.codegen.engine import FEATURES, Capability, Feature, Options
from sqlml.codegen.python.flow.script import Script
from sqlml.codegen.python.layout import laid_out
from sqlml.codegen.python.library import functions_for, imported, imports_for, names_for
from sqlml.codegen.python.program import Program
from sqlml.errors import ProgramError
from sqlml.workflow.ir import Node, Workflow


class Python:
    """Steps become lines of a script, for people to read and go on from."""

    name = "python"
    title = "Python"
    outputs = ""
    takes_sql = True
    settings: Mapping[str, str] = {}
    support: Mapping[Feature, Capability] = {
        **dict.fromkeys(FEATURES, Capability("native")),
        "container": Capability("lowered", "Podman or Docker runs it, whichever is there"),
        "script": Capability(
            "native", "a function of Python is called as it is, in the script's own process"
        ),
        "cluster resource": Capability("native", "`kubectl`, which is asked for its conditions"),
        "suspend until resumed": Capability("lowered", "until someone presses Enter"),
        "sub-workflow": Capability("native", "a function"),
        "map's own parallelism": Capability("lowered", "threads"),
        "step timeout": Capability("lowered", "an alarm, where the system is a Unix"),
        "workflow timeout": Capability("lowered", "an alarm, where the system is a Unix"),
        "parallelism": Capability("lowered", "steps run one after the other"),
        "exit step": Capability("native", "`finally`"),
        "schedule": Capability("lowered", "a line for cron, at the top of the script"),
        "parameter": Capability("native", "an option of the script's command line"),
        "file from a store": Capability("refused", "fetch it in a script"),
        "secret": Capability("lowered", "the variable `SQLML_SECRET_<SECRET>_<KEY>`"),
        "volume": Capability("refused", "use paths of the machine"),
        "placement": Capability("refused", "run the script where its steps are to run"),
        "resources": Capability("lowered", "limits of containers; not enforced elsewhere"),
        "cache": Capability("refused", "leave it out"),
        "daemon": Capability("refused", "start the service before the script"),
    }

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        script = _Written(workflow, options.shared)
        # Functions may be called as those of the library that the script does not use.
        again = _Written(workflow, options.shared, script.used | imported())
        if not again.used & again.own.keys():
            script = again
        name = options.name or workflow.name.rpartition("/")[2].removesuffix(".sql")
        safe = "".join(c if c.isalnum() else "_" for c in name).strip("_") or "program"
        return {f"{safe}.py": script.text(f"{safe}.py")}


ENGINE = Python()


class _Written:
    """A script with all that it calls. own: the functions that are its steps. used: the names of
    what it calls besides."""

    def __init__(
        self, workflow: Workflow, shared: Mapping[str, Node], kept: frozenset[str] | None = None
    ) -> None:
        """Raises: ProgramError: E0797, it does what a script cannot."""
        self._program = Program(workflow, kept, shared)
        self._script = Script(self._program)
        if self._program.faults:
            raise ProgramError(*self._program.faults)
        script = self._script
        self._opening, self._calls, self._body = map(
            _joined, (script.opening, script.calls, script.body)
        )
        self.own = script.functions
        self.used = names_for(f"{self._calls}\n{self._body}", self.own)

    def text(self, file: str) -> str:
        opening, calls, body = self._opening, self._calls, self._body
        shared, own = functions_for(self.used), _apart(*self.own.values())
        imports = imports_for("\n".join((opening, shared, calls, body)), self._program.imports)
        future = "from __future__ import annotations" if own else ""
        defined = _apart(opening, shared, own, calls)
        code = f"{defined}\n\n{body}" if defined == opening else _apart(defined, body)
        head = "\n\n".join(filter(None, (self._title(file), future, imports)))
        space = "\n\n" if opening else "\n\n\n"
        return f"{head}{space}{code.strip()}\n"

    def _title(self, file: str) -> str:
        title = self._program.workflow.name.replace("\\", "/").replace('"', "'").replace("\n", " ")
        how = " Run it with the path of a DuckDB file." if self._script.uses_sql else ""
        schedule = self._program.workflow.schedule
        if schedule is None:
            return f'"""{title}, written by sqlml.{how}"""'
        call = f"python {file}{' FILE.duckdb' if self._script.uses_sql else ''}"
        times = "".join(f"    {time} {call}\n" for time in schedule.cron)
        when = f"Lines for cron, times of {schedule.timezone or 'UTC'}:"
        return f'"""{title}, written by sqlml.{how}\n\n{when}\n\n{times}"""'


def _apart(*texts: str) -> str:
    return "\n\n\n".join(filter(None, texts))


def _joined(lines: list[str]) -> str:
    return "\n".join(part for line in lines for part in laid_out(line)).strip("\n")

"""One Python script that does what a program of SQL does, without sqlml."""

from collections.abc import Mapping

from sqlml.codegen import plain
from sqlml.codegen.engine import FEATURES, Capability, Feature, Options
from sqlml.codegen.python.script import Statements
from sqlml.errors import ProgramError
from sqlml.workflow.ir import Workflow

_PARTS = {  # parts of the script: the words that ask for each
    "measures": ("measured =", "chances_of("),
    "held": ("held_back(",),
    "dates": ("dates(",),
    "numbers": ("scaled(", "filled(", "log("),
    "lists": ("lists(",),
    "crosses": ("crossed(",),
    "reasons": ("with_reasons(",),
    "results": ("with_results(",),
}


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
            "refused", "it is for SQL: plain statements, TRAIN, PREDICT, EVALUATE and EXPLAIN"
        ),
    )

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        script = Statements(workflow)
        body = "\n".join(script.lines())
        if script.faults:
            raise ProgramError(*script.faults)
        title = workflow.name.replace("\\", "/").replace('"', "'").replace("\n", " ")
        head = f'"""{title}: written by sqlml. Run it with the path of a DuckDB file."""\n'
        name = options.name or workflow.name.rpartition("/")[2].removesuffix(".sql")
        safe = "".join(c if c.isalnum() else "_" for c in name).strip("_") or "program"
        helpers = plain.part("python/program")
        for part, words in _PARTS.items():
            if any(word in body for word in words):
                helpers += "\n\n" + plain.part(f"python/{part}")
        imports = f"import re\nimport sys\n\n{_imports(helpers + body)}"
        return {f"{safe}.py": f"{head}\n{imports}\n{helpers}\n{body}\n"}


ENGINE = Python()


def _imports(body: str) -> str:
    told = ["import duckdb", "import numpy as np", "import pyarrow as pa"]
    told.append("import pyarrow.compute as pc")
    if "xgb." in body:
        told.append("import xgboost as xgb")
    if "lightgbm." in body:
        told.insert(1, "import lightgbm")
    if "metrics." in body:
        told.append("from sklearn import metrics")
    return "\n".join(told) + "\n"

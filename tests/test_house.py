"""Rules that hold for the whole project."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sqlml.cli import COMMANDS
from sqlml.databases import DATABASES
from sqlml.documentation import PAGES
from sqlml.error_codes import sections
from sqlml.errors import ProgramError
from sqlml.optimizer import PASSES
from sqlml.registry import Registry
from sqlml.zoo import MODELS, STEPS
from sqlml.zoo.export import FORMATS
from sqlml.zoo.features import FEATURES
from sqlml.zoo.runnables import RUNNABLES
from sqlml.zoo.solving import SOLVERS

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "sqlml").rglob("*.py"))
REGISTRIES = [COMMANDS, DATABASES, FEATURES, FORMATS, MODELS, PASSES, RUNNABLES, SOLVERS, STEPS]
CODE = re.compile(r"E\d{4}")
HEAVY = frozenset({
    "duckdb", "keras", "lark", "lightgbm", "matplotlib", "numpy", "pandas", "polars", "pyarrow",
    "rich", "scipy", "shap", "sklearn", "sqlglot", "tensorflow", "xgboost",
})  # fmt: skip


def codes_in_code() -> set[str]:
    """The error codes that string constants of sqlml name, docstrings left out."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if CODE.fullmatch(node.value) else set()
    return found


def test_every_error_code_has_a_section_and_every_section_a_use() -> None:
    assert codes_in_code() == set(sections())


def test_every_error_code_is_named_by_a_test() -> None:
    files = [path for kind in ("*.py", "*.md", "*.yaml") for path in (ROOT / "tests").rglob(kind)]
    named = {code for path in files for code in CODE.findall(path.read_text("utf-8"))}
    assert sorted(set(sections()) - named) == []


def test_a_section_has_a_title_and_a_few_lines() -> None:
    for code, section in sections().items():
        heading, *lines = filter(None, section.splitlines())
        assert re.fullmatch(rf"## {code} \S.*[^.]", heading), code
        assert 1 <= len(lines) <= 14, code


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name: str) -> None:
    written = (ROOT / "docs" / name).read_text("utf-8")
    assert written == PAGES[name](), "`make docs` writes the pages again"


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.noun)
def test_every_entry_of_a_registry_loads(registry: Registry[object]) -> None:
    assert list(registry)
    assert all(registry.load(name) is not None for name in registry)


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.noun)
def test_a_registry_answers_a_typo_with_the_nearest_name(registry: Registry[object]) -> None:
    name = next(iter(registry))
    with pytest.raises(ProgramError) as caught:
        registry.load(f"{name}x")
    (fault,) = caught.value.diagnostics
    assert fault.code in sections()
    assert fault.hint == f"did you mean `{name}`?"


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.noun)
def test_every_group_of_entry_points_is_documented(registry: Registry[object]) -> None:
    group = registry._group
    assert f"`{group}`" in (ROOT / "docs" / "architecture.md").read_text("utf-8")


def top_level_imports(path: Path) -> Iterator[str]:
    """What importing a module imports; not what its functions or type checkers do."""
    pending: list[ast.stmt] = list(ast.parse(path.read_text("utf-8")).body)
    while pending:
        match pending.pop():
            case ast.Import(names=names):
                yield from (alias.name.split(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.split(".")[0]
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                pending += orelse
            case ast.If(body=body, orelse=orelse):
                pending += [*body, *orelse]
            case ast.Try(body=body):
                pending += body


@pytest.mark.parametrize(
    "folder",
    ["cli", "config.py", "errors.py", "registry.py", "results.py", "source.py", "workflow"],
)
def test_light_parts_import_nothing_heavy(folder: str) -> None:
    path = ROOT / "sqlml" / folder
    for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
        assert HEAVY.isdisjoint(top_level_imports(file)), file


def test_planning_a_program_imports_no_library_that_trains() -> None:
    code = (
        "import sys, sqlml\n"
        "sqlml.plan('CREATE TABLE t AS SELECT 1.0 AS a, 1 AS b;"
        "SELECT * FROM t TO TRAIN xgboost.gbtree LABEL b INTO m;"
        "SELECT * FROM t TO TRAIN DNNClassifier WITH model.hidden_units = [4] LABEL b INTO o;"
        "SELECT make_date(2024, 1, 1) AS d, b FROM t TO TRAIN ARIMA WITH model.order = [1, 0, 0] "
        "LABEL b INTO f; SELECT 1 AS one TO PREDICT WITH predict.steps = 3 USING f;"
        "SELECT * FROM t TO TRAIN Ridge LABEL b INTO n', db=':memory:')\n"
        "print(sorted({'xgboost', 'lightgbm', 'sklearn', 'scipy', 'pandas', 'shap', 'matplotlib',"
        " 'rich', 'keras', 'tensorflow', 'statsmodels'}"
        " & set(sys.modules)))\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    dictionaries = ROOT / "sqlml" / "zoo" / "models" / "dictionaries"
    long = [
        path
        for path, length in lengths.items()
        if length > 320 and dictionaries not in path.parents
    ]
    assert long == []


def test_nothing_is_left_to_be_done() -> None:
    for path in SOURCES:
        assert not re.search(
            r"\b(TODO|FIXME|XXX|NotImplementedError)\b", path.read_text("utf-8")
        ), path

"""Runs the specifications in tests/cases: Markdown with SQL, and what it must give.

A file is a title, perhaps a ```setup block of SQL for all its cases, and cases: a heading, a ```sql
block, and blocks with its answer:

    plan       the logical plan              error     the diagnostics
    workflow   the workflow's text form      result    all result sets, as Markdown tables

A line `Dialect: mysql` says which dialect a case is written in.

`pytest tests/test_cases.py --accept` writes the answers; review the difference as text.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sqlml.cli.results import print_result
from sqlml.errors import SqlmlError
from sqlml.session import Session
from sqlml.source import Source
from sqlml.workflow.text import print_workflow

FOLDER = Path(__file__).parent / "cases"
DIALECT = re.compile(r"^Dialect: (\w+)$", re.MULTILINE)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    path: Path
    title: str
    setup: str
    text: str

    @property
    def blocks(self) -> dict[str, str]:
        return {match[1]: match[2] for match in BLOCK.finditer(self.text)}


def cases() -> Iterator[Case]:
    for path in sorted(FOLDER.glob("*.md")):
        preamble, *parts = HEADING.split(path.read_text("utf-8"))
        setup = {match[1]: match[2] for match in BLOCK.finditer(preamble)}.get("setup", "")
        for title, text in zip(parts[::2], parts[1::2], strict=True):
            yield Case(path, title, setup, text)


def answers(case: Case) -> dict[str, str]:
    """What the case gives, for every kind of block that it has."""
    blocks = case.blocks
    dialect = DIALECT.search(case.text)
    with Session.open(db=":memory:") as session:
        if case.setup:
            session.run(case.setup)
        session.settings = replace(session.settings, dialect=dialect[1] if dialect else "duckdb")
        given: dict[str, str] = {}
        try:
            compiled = session.compile([Source("case.sql", blocks["sql"].rstrip("\n"))])
            given["plan"] = "\n".join(o.text() for o in compiled.plan.operators) + "\n"
            given["workflow"] = print_workflow(compiled.stages[0][1])
            if "result" in blocks or "error" in blocks:
                results = session.run(blocks["sql"].rstrip("\n"), name="case.sql")
                given["result"] = "\n".join(_markdown(result.table) for result in results)
        except SqlmlError as error:
            given = {"error": f"{error}\n"}
    return given


def _markdown(table: object) -> str:
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        print_result(table, "markdown")
    return written.getvalue()


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.path.stem}: {case.title}")
def test_case(case: Case, request: pytest.FixtureRequest) -> None:
    given = answers(case)
    wanted = {kind: text for kind, text in case.blocks.items() if kind != "sql"}
    if request.config.getoption("--accept"):
        _accept(case, given)
        return
    assert wanted, "the case has no answer: give it an empty block and run with --accept"
    assert {kind: given.get(kind) for kind in wanted} == wanted


def _accept(case: Case, given: dict[str, str]) -> None:
    kinds = [kind for kind in case.blocks if kind != "sql"]
    if "error" in given:
        kinds = ["error"]
    elif "error" in kinds:
        kinds = ["result"]
    sql = case.blocks["sql"]
    blocks = "\n".join(f"```{kind}\n{given[kind]}```" for kind in kinds)
    prose = case.text.split("```sql")[0].strip()
    text = f"\n\n{prose}\n" if prose else "\n"
    new = f"{text}\n```sql\n{sql}```\n{blocks}\n\n"
    whole = case.path.read_text("utf-8")
    whole = whole.replace(f"## {case.title}{case.text}", f"## {case.title}{new}")
    case.path.write_text(whole.rstrip("\n") + "\n", "utf-8")

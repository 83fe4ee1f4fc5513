"""docs/language.md shows only what the parser takes."""

import re
from pathlib import Path

import pytest

from sqlml.documentation import TABLES, with_tables
from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.grammar.keywords import CLAUSES
from sqlml.grammar.parser import parse
from sqlml.session import Session
from sqlml.source import Source
from sqlml.zoo.steps.explainers import EXPLAINERS

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text("utf-8")
EXAMPLES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_a_program(example: str) -> None:
    program = parse(Source("language.md", example))
    assert program.statements
    jobs = [one for one in program.statements if isinstance(one, ast.CreateJob)]
    blocks = [job.program.statements for job in jobs if job.span.text.endswith("END")]
    assert len(program.statements) + sum(map(len, blocks)) == example.count(";")


def test_every_example_would_run_if_its_tables_and_models_were_there() -> None:
    with Session.open(db=":memory:") as session:
        session.run("CREATE TABLE flowers AS FROM 'examples/data/iris.csv'")
        told = [fault for example in EXAMPLES for fault in faults(session, example)]
    not_there = {"E0202", "E0240", "E0301"}
    assert {f.code for f in told} - not_there == {"E0303"}  # one is Hive's


def faults(session: Session, example: str) -> tuple[Diagnostic, ...]:
    try:
        session.compile([Source("language.md", example)])
    except ProgramError as error:
        return error.diagnostics
    return ()


def test_there_is_an_example_of_every_statement_and_clause() -> None:
    shown = {type(s) for example in EXAMPLES for s in parse(Source("", example)).statements}
    assert shown == set(ast.Statement.__args__)
    for words in CLAUSES.values():
        for word in words:
            assert re.search(rf"\b{word}\b", "\n".join(EXAMPLES))


@pytest.mark.parametrize(
    "value", re.findall(r"`+([^`|]+)`", PAGE.split("| value | examples |")[1].split("\n\n")[0])
)
def test_every_value_of_the_table_can_be_written(value: str) -> None:
    parse(Source("", f"FROM t TO TRAIN m WITH a = {value} INTO x"))


def test_the_error_shown_is_the_error_given() -> None:
    sql = "SELECT * FROM flowers\nTO TRAIN xgboost.gbtree\nLABLE species\nINTO m"
    with pytest.raises(ProgramError) as error:
        parse(Source("iris.sql", sql))
    assert f"```text\n{error.value}\n```" in PAGE


def test_the_tables_are_up_to_date() -> None:
    assert with_tables(PAGE) == PAGE, "`make docs` writes the tables again"
    assert set(re.findall(r"<!-- table: (\w+) -->", PAGE)) == set(TABLES)


@pytest.mark.parametrize("name", [names[0] for names in EXPLAINERS.values()])
def test_every_explainer_is_in_the_table(name: str) -> None:
    assert f"\n| `{name}`" in PAGE

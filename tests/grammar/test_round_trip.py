import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.grammar import ast
from sqlml.grammar.keywords import CLAUSE_WORDS
from sqlml.grammar.parser import parse
from sqlml.grammar.printer import print_program, print_statement
from sqlml.source import Source, Span

SPAN = Span(Source("", ""), 0, 0)
LETTERS = string.ascii_letters + "_äß列😀"

words = st.builds(
    str.__add__, st.sampled_from(LETTERS), st.text(LETTERS + string.digits + "$", max_size=6)
)
keywords = st.sampled_from([*CLAUSE_WORDS, "to", "Train", "for", "group", "by", "if", "model"])
plain_words = st.one_of(words, keywords)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@st.composite
def names(draw: st.DrawFn, first: st.SearchStrategy[str] = plain_words) -> ast.Name:
    if draw(st.booleans()):
        parts = draw(st.lists(texts.filter(bool), min_size=1, max_size=3))
        return ast.Name(span=SPAN, text=".".join(parts), quoted=True, parts=tuple(parts))
    parts = [draw(first), *draw(st.lists(plain_words, max_size=2))]
    return ast.Name(span=SPAN, text=".".join(parts))


aliases = texts.filter(lambda text: text and not text.isdecimal()) | plain_words
versions = st.none() | st.integers(1, 2**64 - 1) | aliases


@st.composite
def models(draw: st.DrawFn) -> ast.Name:
    name = draw(names(words))
    version = draw(versions)
    return ast.Name(
        span=SPAN, text=name.text, quoted=name.quoted, version=version, parts=name.parts
    )


single_names = aliases.map(lambda text: ast.Name(span=SPAN, text=text, quoted=True, parts=(text,)))


@st.composite
def paths(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.from_regex(r"[a-z0-9_]{1,4}", fullmatch=True), max_size=3))
    marks = draw(st.lists(st.sampled_from([*"-/:.@", "://"]), min_size=3, max_size=3))
    return draw(words) + "".join(mark + part for mark, part in zip(marks, parts, strict=False))


def built(node: type[Any], **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(node, span=st.just(SPAN), **fields)


def tuples(items: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, min_size=least, max_size=3).map(tuple)


numbers = st.integers(-(2**64) + 1, 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
strings = built(ast.Literal_, value=texts)
literals = built(ast.Literal_, value=st.none() | st.booleans() | numbers | texts)
functions = words.map(str.upper).filter(lambda text: text == text.upper())
values = st.recursive(
    literals
    | built(ast.Word, text=paths().filter(lambda x: x.upper() not in {"TRUE", "FALSE", "NULL"})),
    lambda inner: (
        built(ast.List_, items=tuples(inner))
        | built(ast.Call, function=functions, arguments=tuples(inner))
    ),
    max_leaves=5,
)
attribute_names = names().map(
    lambda name: ast.Name(
        span=SPAN,
        text=name.text.lower(),
        quoted=name.quoted,
        parts=tuple(part.lower() for part in name.parts),
    )
)
attributes = tuples(built(ast.Attribute, name=attribute_names, value=values))

column_names = names().filter(
    lambda name: name.quoted or name.text.upper() not in {"TRUE", "FALSE", "NULL"}
)
column_calls = st.recursive(
    column_names | built(ast.Star) | literals,
    lambda inner: (
        built(ast.List_, items=tuples(inner))
        | built(ast.Call, function=functions, arguments=tuples(inner))
    ),
    max_leaves=5,
)
columns = column_calls.filter(lambda node: isinstance(node, ast.Name | ast.Star | ast.Call))
column_clauses = st.lists(
    built(ast.ColumnClause, items=tuples(columns, 1), target=st.none() | names()),
    max_size=3,
    unique_by=lambda clause: clause.target.text.casefold() if clause.target else "",
).map(tuple)

quantities = st.integers(0, 2**64 - 1) | st.floats(0, allow_nan=False, allow_infinity=False)
comparators = st.sampled_from(["=", "<=", ">=", "<", ">", "<>"])


@st.composite
def chains(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> ast.Chain:
    operators = draw(st.lists(comparators, min_size=2, max_size=3))
    operands = [draw(inner) for _ in range(len(operators) + 1)]
    return ast.Chain(span=SPAN, operands=tuple(operands), operators=tuple(operators))


expressions = st.recursive(
    names(words) | strings | built(ast.Literal_, value=quantities),
    lambda inner: (
        built(
            ast.Binary,
            operator=st.sampled_from(["+", "-", "*", "/", "**"]) | comparators,
            left=inner,
            right=inner,
        )
        | built(ast.Unary, operator=st.sampled_from("+-"), operand=inner)
        | built(ast.FunctionCall, function=functions, arguments=tuples(inner))
        | chains(inner)
    ),
    max_leaves=12,
)

QUERIES = [
    "SELECT * FROM t",
    "FROM t1 t2",
    "(SELECT 1 AS to)",
    "WITH a AS (SELECT ';') SELECT * FROM a",
    "VALUES (1, 'TO TRAIN')",
    'SELECT "\\";", $$ TO RUN x $$ /* ; */, 2 -- ;\n + 1',
]
queries = built(ast.Query, sql=st.sampled_from(QUERIES))
targets = names(words.filter(lambda word: word.upper() not in CLAUSE_WORDS))
optional_names = st.none() | names(words)
estimators = built(ast.Name, text=paths()) | names(words).filter(lambda name: name.quoted)

statements = st.one_of(
    built(
        ast.Plain, sql=st.sampled_from([*QUERIES, "COPY t TO run", "SHOW train", "DROP TABLE t"])
    ),
    built(
        ast.Train,
        query=queries,
        model=estimators,
        into=names(),
        attributes=attributes,
        columns=column_clauses,
        labels=tuples(names()),
        using=st.none() | models(),
    ),
    built(
        ast.Predict,
        query=queries,
        using=models(),
        into=st.none() | targets,
        attributes=attributes,
    ),
    built(
        ast.Evaluate,
        query=queries,
        model=models(),
        attributes=attributes,
        labels=tuples(names()),
        into=optional_names,
    ),
    built(
        ast.Explain,
        query=queries,
        model=models(),
        attributes=attributes,
        using=optional_names,
        into=optional_names,
    ),
    built(ast.Check, query=queries, model=models(), attributes=attributes, into=optional_names),
    built(ast.Run, query=queries, image=estimators, command=tuples(strings), into=tuples(names())),
    built(
        ast.Solve,
        query=queries,
        direction=st.sampled_from(["maximize", "minimize"]),
        objective=expressions,
        constraints=tuples(built(ast.Constraint, expression=expressions, group_by=optional_names)),
        attributes=attributes.filter(bool),
        using=optional_names,
        into=optional_names,
    ),
    built(ast.ShowTrain, model=models()),
    built(ast.ShowModels),
    built(ast.DescribeModel, model=models()),
    built(ast.DropModel, model=models(), if_exists=st.booleans()),
)
statements |= st.builds(
    lambda model, change: ast.AlterModel(span=SPAN, model=model, change=change),
    models(),
    built(
        ast.SetTag,
        tag=names(),
        value=values.filter(lambda v: not isinstance(v, ast.List_ | ast.Call)),
    )
    | built(ast.DropTag, tag=names()),
)
statements |= st.builds(
    lambda model, change: ast.AlterModel(span=SPAN, model=model, change=change),
    names(words),
    built(ast.SetAlias, alias=single_names, version=versions)
    | built(ast.DropAlias, alias=names())
    | built(ast.Rename, name=names()),
)
statements |= built(
    ast.CreateJob,
    name=names(words),
    schedule=tuples(strings, 1),
    program=built(ast.Program, statements=tuples(statements, 1)),
    timezone=st.none() | strings,
    condition=st.none() | queries,
    replaces=st.booleans(),
)
statements |= built(ast.ShowJobs) | built(ast.DropJob, name=names(words), if_exists=st.booleans())
programs = built(ast.Program, statements=tuples(statements))


@given(programs)
def test_a_printed_tree_parses_to_the_same_tree(program: ast.Program) -> None:
    assert parse(Source("printed", print_program(program))) == program


@given(programs)
def test_printing_is_settled_after_once(program: ast.Program) -> None:
    text = print_program(program)
    assert print_program(parse(Source("printed", text))) == text


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("select 1 to train a into b", "select 1\nTO TRAIN a\nINTO b"),
        ("FROM t TO predict using m @ 3", "FROM t\nTO PREDICT\nUSING m@3"),
        (
            "FROM t TO TRAIN a into m with b='it\\'s' , label y column f( a,-1 ) for x",
            "FROM t\nTO TRAIN a\nWITH b = 'it''s'\nCOLUMN F(a, -1) FOR x\nLABEL y\nINTO m",
        ),
        (
            "FROM t TO MINIMIZE (a*(b+c))-(d-e) CONSTRAINT (a)<=((b)) GROUP BY g WITH v=1",
            "FROM t\nTO MINIMIZE a * (b + c) - (d - e)\n"
            "CONSTRAINT\n  a <= b GROUP BY g\nWITH v = 1",
        ),
        ("drop model if exists `a`", 'DROP MODEL IF EXISTS "a"'),
        (
            "create job a schedule '@daily', '0 3 * * *' if from t as select 1 to train m into b",
            "CREATE JOB a\nSCHEDULE '@daily', '0 3 * * *'\nIF from t\n"
            "AS BEGIN\nselect 1\nTO TRAIN m\nINTO b;\nEND",
        ),
    ],
)
def test_a_statement_is_printed_one_clause_per_line(written: str, printed: str) -> None:
    (statement,) = parse(Source("f", written)).statements
    assert print_statement(statement) == printed

from dataclasses import fields

import pytest

from sqlml.errors import ProgramError
from sqlml.grammar import ast
from sqlml.grammar.parser import parse, parse_files
from sqlml.source import Source, Span

ANYWHERE = Span(Source("", ""), 0, 0)


def one(clause: str, query: str = "SELECT * FROM t") -> ast.Statement:
    (statement,) = parse(Source("f", f"{query}\n{clause}")).statements
    return statement


def train(clauses: str) -> ast.Train:
    statement = one(f"TO TRAIN m {clauses} INTO x")
    assert isinstance(statement, ast.Train)
    return statement


def name(text: str, **more: object) -> ast.Name:
    return ast.Name(span=ANYWHERE, text=text, **more)  # type: ignore[arg-type]


def literal(value: str | int | float | bool | None) -> ast.Literal_:
    return ast.Literal_(span=ANYWHERE, value=value)


def word(text: str) -> ast.Word:
    return ast.Word(span=ANYWHERE, text=text)


def listed(*items: ast.Value | ast.ColumnItem) -> ast.List_:
    return ast.List_(span=ANYWHERE, items=items)


def call(function: str, *arguments: ast.Value | ast.ColumnItem) -> ast.Call:
    return ast.Call(span=ANYWHERE, function=function, arguments=arguments)


# --- statements ---


def test_train_holds_all_its_clauses_in_any_order() -> None:
    expected = one(
        "TO TRAIN xgboost.gbtree WITH eta = 0.1 COLUMN a, b LABEL y USING old@2 INTO db.new"
    )
    assert expected == ast.Train(
        span=ANYWHERE,
        query=ast.Query(span=ANYWHERE, sql="SELECT * FROM t"),
        model=name("xgboost.gbtree"),
        into=name("db.new"),
        attributes=(ast.Attribute(span=ANYWHERE, name=name("eta"), value=literal(0.1)),),
        columns=(ast.ColumnClause(span=ANYWHERE, items=(name("a"), name("b"))),),
        labels=(name("y"),),
        using=name("old", version=2),
    )
    assert expected == one(
        "to train xgboost.gbtree into db.new label y using old@2 column a, b with eta = .1,"
    )


def test_predict_needs_no_table() -> None:
    statement = one("TO PREDICT USING m")
    assert statement == ast.Predict(
        span=ANYWHERE, query=ast.Query(span=ANYWHERE, sql="SELECT * FROM t"), using=name("m")
    )


def test_predict_into_a_column_of_a_table_of_a_schema() -> None:
    statement = one(
        'TO PREDICT "my.db".t."the column" WITH predict.probability = TRUE USING db.m@3'
    )
    assert isinstance(statement, ast.Predict)
    assert statement.into is not None
    assert statement.into.parts == ("my.db", "t", "the column")
    assert statement.into.quoted
    assert statement.using == name("db.m", version=3)


def test_evaluate_and_explain_take_their_clauses_in_any_order() -> None:
    evaluate = one("TO EVALUATE m INTO t LABEL y WITH validation.metrics = 'a,b'")
    assert evaluate == one('TO EVALUATE m WITH validation.metrics = "a,b" LABEL y INTO t')
    assert isinstance(evaluate, ast.Evaluate)
    assert (evaluate.model, evaluate.labels, evaluate.into) == (name("m"), (name("y"),), name("t"))
    explain = one("TO EXPLAIN m WITH summary.plot_type = bar USING TreeExplainer INTO t")
    assert explain == one("TO EXPLAIN m INTO t USING TreeExplainer WITH summary.plot_type = bar")
    assert isinstance(explain, ast.Explain)
    assert explain.using == name("TreeExplainer")
    assert explain.attributes[0].name.text == "summary.plot_type"


def test_rows_are_checked_by_a_model() -> None:
    check = one("TO CHECK m@2 INTO s.t WITH check.fail = TRUE")
    assert isinstance(check, ast.Check)
    assert (check.model.version, check.into and check.into.parts) == (2, ("s", "t"))
    assert one("TO CHECK m").into is None


def test_run_takes_an_image_arguments_and_tables() -> None:
    statement = one("""TO RUN hub.docker.com/a/b-c:v0.1 CMD "a.py", '--x="1"' INTO t, db.u""")
    assert isinstance(statement, ast.Run)
    assert statement.image.text == "hub.docker.com/a/b-c:v0.1"
    assert statement.command == (literal("a.py"), literal('--x="1"'))
    assert statement.into == (name("t"), name("db.u"))
    assert one("TO RUN clean.py") == one("to run clean.py")


def test_the_commands_about_models() -> None:
    program = parse(
        Source(
            "f",
            "SHOW TRAIN m@2; show models; DESCRIBE MODEL db.m; desc model m;"
            'DROP MODEL "m"; DROP MODEL IF EXISTS m; DROP MODEL if_x; SHOW TRAIN "a b"',
        )
    )
    assert program.statements == (
        ast.ShowTrain(span=ANYWHERE, model=name("m", version=2)),
        ast.ShowModels(span=ANYWHERE),
        ast.DescribeModel(span=ANYWHERE, model=name("db.m")),
        ast.DescribeModel(span=ANYWHERE, model=name("m")),
        ast.DropModel(span=ANYWHERE, model=name("m", quoted=True)),
        ast.DropModel(span=ANYWHERE, model=name("m"), if_exists=True),
        ast.DropModel(span=ANYWHERE, model=name("if_x")),
        ast.ShowTrain(span=ANYWHERE, model=name("a b", quoted=True)),
    )


def test_a_model_is_altered() -> None:
    program = parse(
        Source(
            "f",
            "ALTER MODEL m SET ALIAS champion = 3; alter model m set alias a = b;"
            "ALTER MODEL m@3 SET ALIAS a; ALTER MODEL m DROP ALIAS a; ALTER MODEL m RENAME TO n;"
            "ALTER MODEL m@a SET TAG stage = production; ALTER MODEL db.m DROP TAG stage",
        )
    )
    a, stage = name("a"), name("stage")
    word = ast.Word(span=ANYWHERE, text="production")
    changes = [
        ("m", None, ast.SetAlias(span=ANYWHERE, alias=name("champion"), version=3)),
        ("m", None, ast.SetAlias(span=ANYWHERE, alias=a, version="b")),
        ("m", 3, ast.SetAlias(span=ANYWHERE, alias=a)),
        ("m", None, ast.DropAlias(span=ANYWHERE, alias=a)),
        ("m", None, ast.Rename(span=ANYWHERE, name=name("n"))),
        ("m", "a", ast.SetTag(span=ANYWHERE, tag=stage, value=word)),
        ("db.m", None, ast.DropTag(span=ANYWHERE, tag=stage)),
    ]
    assert program.statements == tuple(
        ast.AlterModel(span=ANYWHERE, model=name(model, version=version), change=change)
        for model, version, change in changes
    )


def test_a_table_that_is_called_model_is_altered_by_the_database() -> None:
    (statement,) = parse(Source("f", "ALTER model.x RENAME TO y")).statements
    assert isinstance(statement, ast.Plain)


# --- names ---


@pytest.mark.parametrize(
    "model",
    [
        "DNNClassifier",
        "xgboost.gbtree",
        "sklearn.cluster.KMeans",
        "hub/path/image:v1/MyModel",
        "localhost:5000/a-b/c:v0.1.2/M",
        "train",
        "with",
    ],
)
def test_a_model_may_be_a_path(model: str) -> None:
    statement = one(f"TO TRAIN {model} LABEL y INTO m")
    assert isinstance(statement, ast.Train)
    assert statement.model == name(model)
    assert statement.model.span.text == model


@pytest.mark.parametrize(
    "keyword", ["label", "column", "run", "into", "with", "to", "FOR", "train"]
)
def test_a_keyword_is_a_name_where_no_clause_can_begin(keyword: str) -> None:
    statement = train(f"LABEL {keyword} COLUMN {keyword}, f({keyword}) WITH {keyword} = {keyword}")
    assert statement.labels == (name(keyword),)
    assert statement.columns[0].items == (name(keyword), call("F", name(keyword)))
    assert statement.attributes[0].name == name(keyword.lower())
    assert statement.attributes[0].value == word(keyword)
    into = one(f"TO TRAIN m INTO {keyword}")
    assert isinstance(into, ast.Train)
    assert into.into == name(keyword)


def test_an_attribute_may_be_called_like_a_keyword_after_a_comma() -> None:
    statement = train("WITH a = 1, label = 2, column.x = 3, INTO = 4")
    assert [a.name.text for a in statement.attributes] == ["a", "label", "column.x", "into"]


def test_names_may_be_quoted_in_two_ways() -> None:
    statement = train('LABEL "a ""b""", `c``d`, "e\\"f", x."y z", "ünï".`.`')
    assert [label.parts for label in statement.labels] == [
        ('a "b"',),
        ("c`d",),
        ('e"f',),
        ("x", "y z"),
        ("ünï", "."),
    ]
    assert all(label.quoted for label in statement.labels)


# --- WITH ---


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", literal(1)),
        ("-1", literal(-1)),
        ("+1", literal(1)),
        ("1.5", literal(1.5)),
        (".5", literal(0.5)),
        ("1e-3", literal(0.001)),
        ("- 2", literal(-2)),
        ("18446744073709551615", literal(18446744073709551615)),
        ("true", literal(True)),
        ("False", literal(False)),
        ("NULL", literal(None)),
        ("'true'", literal("true")),
        ("'it''s'", literal("it's")),
        (r"'it\'s'", literal("it's")),
        ('"it\'s"', literal("it's")),
        ("'say \"x\"'", literal('say "x"')),
        (r'"a\"b""c\\d\e"', literal('a"b"c\\d\\e')),
        ("''", literal("")),
        ('""', literal("")),
        ("$$it's; \"x\"$$", literal("it's; \"x\"")),
        ("'a;b -- c /* d'", literal("a;b -- c /* d")),
        ("multi:softprob", word("multi:softprob")),
        ("reg:squarederror", word("reg:squarederror")),
        ("a/b-c:v0.1.2", word("a/b-c:v0.1.2")),
        ("truely", word("truely")),
        ("true-x", word("true-x")),
        ("[]", listed()),
        ("[1, [2, 'x'], []]", listed(literal(1), listed(literal(2), literal("x")), listed())),
        ("[a:b, -1]", listed(word("a:b"), literal(-1))),
        ("RANGE(3, 10)", call("RANGE", literal(3), literal(10))),
        ("range ( 0.1 , [1] )", call("RANGE", literal(0.1), listed(literal(1)))),
        ("now()", call("NOW")),
    ],
)  # fmt: skip
def test_an_attributes_value(text: str, value: ast.Value) -> None:
    statement = train(f"WITH model.a = {text}, b = 1")
    assert statement.attributes[0].value == value
    assert type(getattr(value, "value", None)) is type(
        getattr(statement.attributes[0].value, "value", None)
    )
    assert statement.attributes[0].value.span.text == text
    assert statement.attributes[0].span.text == f"model.a = {text}"


def test_an_attributes_name_is_lower_case_and_keeps_its_namespace() -> None:
    (attribute,) = train("WITH Model.Max_Depth = 3").attributes
    assert attribute.name.text == "model.max_depth"
    assert attribute.name.span.text == "Model.Max_Depth"


# --- COLUMN ---


def test_columns_may_be_names_patterns_stars_and_nested_calls() -> None:
    (clause,) = train(
        'COLUMN *, age, "c[0-9]+", t.x, '
        "bucket(DENSE(d, 4, ','), [-1, 0.5, 10]), CROSS([a, \"b c\"], 100), IMPUTE(x, mean), "
        "EMBEDDING(CATEGORY_ID(c, 10), 8, sum), VOCABULARY(v, ['x', null, true])"
    ).columns
    assert clause.items == (
        ast.Star(span=ANYWHERE),
        name("age"),
        name("c[0-9]+", quoted=True),
        name("t.x"),
        call(
            "BUCKET",
            call("DENSE", name("d"), literal(4), literal(",")),
            listed(literal(-1), literal(0.5), literal(10)),
        ),
        call("CROSS", listed(name("a"), name("b c", quoted=True)), literal(100)),
        call("IMPUTE", name("x"), name("mean")),
        call("EMBEDDING", call("CATEGORY_ID", name("c"), literal(10)), literal(8), name("sum")),
        call("VOCABULARY", name("v"), listed(literal("x"), literal(None), literal(True))),
    )


def test_several_column_clauses_feed_several_inputs() -> None:
    first, second = train("COLUMN a FOR deep COLUMN b, c FOR linear LABEL y").columns
    assert (first.target, second.target) == (name("deep"), name("linear"))
    assert second.items == (name("b"), name("c"))
    assert second.span.text == "COLUMN b, c FOR linear"


# --- MAXIMIZE and MINIMIZE ---


def solve(expression: str) -> ast.Expression:
    statement = one(f"TO MAXIMIZE {expression} WITH variables = 'x'")
    assert isinstance(statement, ast.Solve)
    return statement.objective


def shape(expression: ast.Expression) -> str:
    """The expression with all its brackets."""
    match expression:
        case ast.Name():
            return expression.text
        case ast.Literal_():
            return str(expression.value)
        case ast.Unary():
            return f"({expression.operator}{shape(expression.operand)})"
        case ast.Binary():
            return f"({shape(expression.left)}{expression.operator}{shape(expression.right)})"
        case ast.FunctionCall():
            return f"{expression.function}[{','.join(map(shape, expression.arguments))}]"
        case ast.Chain():
            rest = zip(expression.operators, expression.operands[1:], strict=True)
            return f"<{shape(expression.operands[0])}{''.join(o + shape(x) for o, x in rest)}>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c - d", "((a+(b*c))-d)"),
        ("(a + b) * c / d", "(((a+b)*c)/d)"),
        ("-a ** -b ** c", "(-(a**(-(b**c))))"),
        ("- - a", "(-(-a))"),
        ("a - -1", "(a-(-1))"),
        ("sum((price - cost) * x)", "SUM[((price-cost)*x)]"),
        ("a <= b", "(a<=b)"),
        ("1 <= x + 1 <= 10", "<1<=(x+1)<=10>"),
        ("(a <= b) <= c", "((a<=b)<=c)"),
        ("a == b", "(a=b)"),
        ("a != b", "(a<>b)"),
        ("f()", "F[]"),
        ("f(a, 'b')", "F[a,b]"),
        ("t.a*2", "(t.a*2)"),
        ("a-b/c", "(a-(b/c))"),
        ("label + into", "(label+into)"),
    ],
)
def test_expressions_bind_as_in_sql(text: str, expected: str) -> None:
    assert shape(solve(text)) == expected
    assert solve(text).span.text == text


def test_constraints_may_be_grouped() -> None:
    statement = one(
        "TO MINIMIZE SUM(cost * x) CONSTRAINT SUM(x) <= capacity GROUP BY plant, 0 <= x <= 5 "
        "WITH variables = 'x(plant, market)', var_type = Integers USING glpk INTO result"
    )
    assert isinstance(statement, ast.Solve)
    assert statement.direction == "minimize"
    assert [c.group_by for c in statement.constraints] == [name("plant"), None]
    assert [shape(c.expression) for c in statement.constraints] == [
        "(SUM[x]<=capacity)",
        "<0<=x<=5>",
    ]
    assert (statement.using, statement.into) == (name("glpk"), name("result"))


# --- programs ---


def spans(node: object) -> list[Span]:
    if isinstance(node, tuple):
        return [span for item in node for span in spans(item)]
    if not isinstance(node, ast.Syntax):
        return []
    found = [span for field in fields(node) for span in spans(getattr(node, field.name))]
    assert all(node.span.start <= span.start and span.end <= node.span.end for span in found), (
        f"a part of {node!r} lies outside it"
    )
    return [*found, node.span]


def test_every_node_lies_within_its_parent() -> None:
    source = Source(
        "f",
        "SELECT 1 ; SELECT * FROM t TO TRAIN a/b:c WITH x.y = [1, RANGE(-1, 2)], COLUMN f(*, [1]) "
        "FOR t LABEL a, `b` USING m@1 INTO n; SHOW TRAIN m@2 ;"
        "FROM t TO MAXIMIZE (a + SUM(b)) * -2 CONSTRAINT a <= b <= c GROUP BY d WITH v = 1; ",
    )
    assert all(span.source is source for span in spans(parse(source)))


def test_a_program_over_several_files_keeps_each_ones_places() -> None:
    first = Source("a.sql", "SELECT 1;\n")
    second = Source("b.sql", "\nFROM t TO PREDICT USING m")
    program = parse_files([first, second])
    assert [statement.span.place for statement in program.statements] == ["a.sql:1:1", "b.sql:2:1"]
    assert program.span.source is first


def test_mistakes_of_all_files_are_reported_together() -> None:
    with pytest.raises(ProgramError) as error:
        parse_files([Source("a.sql", "SELECT (1"), Source("b.sql", "; SELECT '")])
    places = [d.span.place for d in error.value.diagnostics if d.span]
    assert places == ["a.sql:1:8", "b.sql:1:10"]


def test_ten_mistakes_are_enough() -> None:
    with pytest.raises(ProgramError) as error:
        parse(Source("f", "SELECT (1; SELECT 1;" * 30))
    assert len(error.value.diagnostics) == 10


def test_a_program_may_be_large() -> None:
    statement = "SELECT a, 'x;y' FROM t TO TRAIN xgboost.gbtree WITH eta = 0.1 LABEL y INTO m;\n"
    program = parse(Source("f", statement * 10_000))
    assert len(program.statements) == 10_000
    assert program.statements[-1].span.place == "f:10000:1"


def test_a_statement_may_be_large() -> None:
    columns = ", ".join(f"column_{number}" for number in range(50_000))
    (statement,) = parse(
        Source("f", f"SELECT {columns} FROM t TO TRAIN m COLUMN {columns} INTO x")
    ).statements
    assert isinstance(statement, ast.Train)
    assert len(statement.columns[0].items) == 50_000


def test_a_query_may_be_nested_as_deep_as_the_database_takes() -> None:
    query = "SELECT " + "(" * 5_000 + "1" + ")" * 5_000
    (statement,) = parse(Source("f", f"{query} TO PREDICT USING m")).statements
    assert isinstance(statement, ast.Predict)
    assert statement.query.sql == query

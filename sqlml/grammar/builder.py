"""What sqlml.lark recognised, as statements: clauses in any order, each at most once."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lark import v_args

from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar import ast
from sqlml.grammar.lexer import Lexeme
from sqlml.grammar.value_builder import Part, ValueBuilder, alias_text, cover, new_model, nodes
from sqlml.source import Span

MAX_DEPTH = 200
"""How deep the tree of an expression may be. Trees are walked recursively."""


class Clause(NamedTuple):
    """A clause on its way into its statement."""

    keyword: Lexeme
    value: Any
    span: Span


class Head(NamedTuple):
    """What every extended statement begins with: `query TO VERB`."""

    query: Lexeme
    to: Lexeme
    verb: Lexeme


@v_args(inline=True)
class Builder(ValueBuilder):
    """One method per rule. The parser calls it with the rule's children."""

    def head(self, query: Lexeme, to: Lexeme, verb: Lexeme) -> Head:
        return Head(query, to, verb)

    # --- statements ---

    def train(self, head: Head, model: ast.Name, *clauses: Clause) -> ast.Train:
        given = _Given(head, clauses)
        return ast.Train(
            span=given.span(model),
            query=given.query,
            model=model,
            into=new_model(given.required("INTO", "INTO model_name")),
            attributes=given.value("WITH", ()),
            columns=given.columns,
            labels=given.value("LABEL", ()),
            using=given.value("USING"),
        )

    def predict(self, head: Head, *parts: Part) -> ast.Predict:
        into = parts[0] if parts and isinstance(parts[0], ast.Name) else None
        given = _Given(head, parts[1:] if into else parts)
        return ast.Predict(
            span=given.span(into),
            query=given.query,
            using=given.required("USING", "USING model_name"),
            into=into,
            attributes=given.value("WITH", ()),
        )

    def evaluate(self, head: Head, model: ast.Name, *clauses: Clause) -> ast.Evaluate:
        given = _Given(head, clauses)
        return ast.Evaluate(
            span=given.span(model),
            query=given.query,
            model=model,
            attributes=given.value("WITH", ()),
            labels=given.value("LABEL", ()),
            into=given.value("INTO"),
        )

    def explain(self, head: Head, model: ast.Name, *clauses: Clause) -> ast.Explain:
        given = _Given(head, clauses)
        return ast.Explain(
            span=given.span(model),
            query=given.query,
            model=model,
            attributes=given.value("WITH", ()),
            using=given.value("USING"),
            into=given.value("INTO"),
        )

    def check(self, head: Head, model: ast.Name, *clauses: Clause) -> ast.Check:
        given = _Given(head, clauses)
        return ast.Check(
            span=given.span(model),
            query=given.query,
            model=model,
            attributes=given.value("WITH", ()),
            into=given.value("INTO"),
        )

    def run(self, head: Head, image: ast.Name, *clauses: Clause) -> ast.Run:
        given = _Given(head, clauses)
        return ast.Run(
            span=given.span(image),
            query=given.query,
            image=image,
            command=given.value("CMD", ()),
            into=given.value("INTO", ()),
        )

    def solve(self, head: Head, objective: ast.Expression, *clauses: Clause) -> ast.Solve:
        given = _Given(head, clauses)
        _check_depth(objective)
        return ast.Solve(
            span=given.span(objective),
            query=given.query,
            direction="maximize" if head.verb.type == "MAXIMIZE" else "minimize",
            objective=objective,
            constraints=given.value("CONSTRAINT", ()),
            attributes=given.required("WITH", 'WITH variables = "…"'),
            using=given.value("USING"),
            into=given.value("INTO"),
        )

    def show_train(self, show: Lexeme, _train: Lexeme, model: ast.Name) -> ast.ShowTrain:
        return ast.ShowTrain(span=cover(show, model), model=model)

    def show_models(self, show: Lexeme, models: Lexeme) -> ast.ShowModels:
        return ast.ShowModels(span=cover(show, models))

    def describe_model(
        self, describe: Lexeme, _model: Lexeme, model: ast.Name
    ) -> ast.DescribeModel:
        return ast.DescribeModel(span=cover(describe, model), model=model)

    def alter_model(
        self, alter: Lexeme, _model: Lexeme, model: ast.Name, change: ast.Change
    ) -> ast.AlterModel:
        is_of_all = isinstance(change, ast.DropAlias | ast.Rename)
        is_told = isinstance(change, ast.SetAlias) and change.version is not None
        if model.version is not None and (is_of_all or is_told):
            hint = f"write `ALTER MODEL {model.text} …`"
            message = "no version can be given here"
            raise ProgramError(Diagnostic("E0118", message, model.span, "", hint))
        return ast.AlterModel(span=cover(alter, change), model=model, change=change)

    def set_alias(
        self, first: Lexeme, _alias: Lexeme, alias: ast.Name, *version: Lexeme
    ) -> ast.SetAlias:
        alias_text(alias)
        number = self.version_of(version[-1]) if version else None
        span = cover(first, version[-1] if version else alias)
        return ast.SetAlias(span=span, alias=alias, version=number)

    def drop_alias(self, first: Lexeme, _alias: Lexeme, alias: ast.Name) -> ast.DropAlias:
        return ast.DropAlias(span=cover(first, alias), alias=alias)

    def set_tag(
        self, first: Lexeme, _tag: Lexeme, tag: ast.Name, _equal: Lexeme, value: Part
    ) -> ast.SetTag:
        return ast.SetTag(span=cover(first, value), tag=tag, value=value)

    def drop_tag(self, first: Lexeme, _tag: Lexeme, tag: ast.Name) -> ast.DropTag:
        return ast.DropTag(span=cover(first, tag), tag=tag)

    def rename(self, first: Lexeme, _to: Lexeme, name: ast.Name) -> ast.Rename:
        return ast.Rename(span=cover(first, name), name=new_model(name))

    def drop_model(self, drop: Lexeme, _model: Lexeme, *rest: Part) -> ast.DropModel:
        model = rest[-1]
        return ast.DropModel(span=cover(drop, model), model=model, if_exists=len(rest) > 1)

    # --- jobs ---

    def create_job(self, create: Lexeme, *parts: Part) -> ast.CreateJob:
        name, *clauses = nodes(parts)
        given = {keyword.type: value for keyword, value, _ in clauses}
        program = parts[-1].span
        return ast.CreateJob(
            span=cover(create, parts[-1]),
            name=name,
            schedule=given["SCHEDULE"],
            program=ast.Program(span=program, statements=()),  # parser.py knows them
            timezone=given.get("TIMEZONE"),
            condition=given.get("IF"),
            replaces=parts[0].type == "OR",
        )

    def condition(self, keyword: Lexeme, query: Lexeme) -> Clause:
        return Clause(keyword, ast.Query(span=query.span, sql=query.span.text), query.span)

    def show_jobs(self, show: Lexeme, jobs: Lexeme) -> ast.ShowJobs:
        return ast.ShowJobs(span=cover(show, jobs))

    def drop_job(self, drop: Lexeme, _job: Lexeme, *rest: Part) -> ast.DropJob:
        name = rest[-1]
        return ast.DropJob(span=cover(drop, name), name=name, if_exists=len(rest) > 1)

    # --- clauses ---

    def columns(self, keyword: Lexeme, *parts: Part) -> Clause:
        items = nodes(parts)
        has_target = len(parts) > 2 and getattr(parts[-2], "type", "") == "FOR"
        span = cover(keyword, parts[-1])
        columns = ast.ColumnClause(
            span=span,
            items=items[:-1] if has_target else items,
            target=items[-1] if has_target else None,
        )
        return Clause(keyword, columns, span)

    def listed(self, keyword: Lexeme, *parts: Part) -> Clause:
        return Clause(keyword, nodes(parts), cover(keyword, parts[-1]))

    def single(self, keyword: Lexeme, node: ast.Name) -> Clause:
        return Clause(keyword, node, cover(keyword, node))

    def constraint(self, expression: ast.Expression, *group: Part) -> ast.Constraint:
        _check_depth(expression)
        span = cover(expression, group[-1]) if group else expression.span
        group_by = group[-1] if group else None
        return ast.Constraint(span=span, expression=expression, group_by=group_by)


class _Given:
    """The clauses of one statement, by keyword.

    Raises:
        ProgramError: a clause stands twice; the span is the second one's keyword.
    """

    def __init__(self, head: Head, clauses: Sequence[Clause]) -> None:
        self._head = head
        self._end = clauses[-1].span.end if clauses else None
        self._values: dict[str, Any] = {}
        columns: dict[str, ast.ColumnClause] = {}
        for keyword, value, _ in clauses:
            if keyword.type == "COLUMN":
                target = value.target.text.casefold() if value.target else ""
                if target in columns:
                    raise ProgramError(_second_columns(keyword, value.target))
                columns[target] = value
            elif keyword.type in self._values:
                message = f"`{keyword.type}` stands twice in one statement"
                raise ProgramError(Diagnostic("E0106", message, keyword.span, "the second one"))
            self._values[keyword.type] = value
        self.columns = tuple(columns.values())

    @property
    def query(self) -> ast.Query:
        span = self._head.query.span
        return ast.Query(span=span, sql=span.text)

    def span(self, node: ast.Syntax | None) -> Span:
        """The whole statement, whose last part is its last clause, else `node`, else its verb."""
        query = self._head.query.span
        end = self._end or (node or self._head.verb).span.end
        return Span(query.source, query.start, end)

    def value(self, keyword: str, default: object = None) -> Any:
        return self._values.get(keyword, default)

    def required(self, keyword: str, spelling: str) -> Any:
        if keyword not in self._values:
            verb = self._head.verb.type
            message = f"`TO {verb}` needs `{spelling}`"
            span = cover(self._head.to, self._head.verb)
            raise ProgramError(Diagnostic("E0107", message, span, f"no {keyword} follows"))
        return self._values[keyword]


def _second_columns(keyword: Lexeme, target: ast.Name | None) -> Diagnostic:
    if target is None:
        return Diagnostic(
            "E0106",
            "`COLUMN` stands twice in one statement",
            keyword.span,
            "the second one",
            "put all columns into one COLUMN; only with different FOR targets may there be several",
        )
    message = f"there are two `COLUMN … FOR {target.text}`"
    return Diagnostic("E0106", message, keyword.span, "the second one")


def _check_depth(expression: ast.Expression) -> None:
    stack: list[tuple[ast.Expression, int]] = [(expression, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            message = f"this expression has more than {MAX_DEPTH} levels"
            hint = "use SUM over the rows, or add up in the query"
            raise ProgramError(Diagnostic("E0103", message, node.span, "too deep", hint))
        stack.extend((operand, depth + 1) for operand in _operands(node))


def _operands(node: ast.Expression) -> Iterator[ast.Expression]:
    match node:
        case ast.Binary():
            yield from (node.left, node.right)
        case ast.Unary():
            yield node.operand
        case ast.FunctionCall():
            yield from node.arguments
        case ast.Chain():
            yield from node.operands

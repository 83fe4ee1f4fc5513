"""PREDICT and PREDICT_PROBA in SQL: which models they mean, and whether they can be applied."""

from dataclasses import dataclass

from sqlml.databases.database import QueryProblem
from sqlml.errors import ProgramError, did_you_mean, located
from sqlml.grammar import ast
from sqlml.grammar.model_calls import ModelCall, ModelCalls
from sqlml.grammar.queries import translate
from sqlml.grammar.query_facts import QueryFacts
from sqlml.planner.compatibility import check_columns
from sqlml.planner.models import Model
from sqlml.planner.plan import ModelUse
from sqlml.planner.references import usable_model
from sqlml.planner.results import function_type
from sqlml.planner.schema import UNKNOWN, Schema, listed
from sqlml.planner.scope import Scope
from sqlml.planner.wording import counted
from sqlml.source import Span
from sqlml.zoo.function import no_fields
from sqlml.zoo.label import class_name


@dataclass(frozen=True, slots=True)
class Applied:
    """A statement for the database. models: those that it calls, or views that it reads.

    rehearsed: the same without the models' functions, to be tried before anything runs. is_open:
    only the run can tell the type of a function.
    """

    sql: str
    rehearsed: str
    models: tuple[ModelUse, ...] = ()
    is_open: bool = False


def apply_models(
    scope: Scope, sql: str, span: Span, facts: QueryFacts, sources: tuple[str, ...]
) -> Applied | None:
    """The statement `sql`, which stands at `span`, in the database's dialect.

    None where a call, or the translation, is at fault, which is told to the scope.
    """
    try:
        return _applied(scope, sql, span, facts, sources)
    except ProgramError as error:
        scope.faults.extend(located(fault, span) for fault in error.diagnostics)
        return None


def _applied(
    scope: Scope, sql: str, span: Span, facts: QueryFacts, sources: tuple[str, ...]
) -> Applied | None:
    before = len(scope.faults)
    statement = ModelCalls(sql, scope.dialect)
    if statement.is_macro:
        _refuse_macro(scope, statement, _Place(sql, span))
        return None
    is_open = scope.is_spoilt(sources) or bool(scope.open_columns(sources))
    used = [
        *(_of_a_view(scope, name, span) for name in facts.models),
        *(_apply(scope, call, _Place(sql, span), is_open=is_open) for call in statement.calls),
    ]
    if len(scope.faults) > before:
        return None
    models = tuple(use for use in used if use is not None)
    dialect = scope.catalog.dialect
    if statement.calls:
        executed, rehearsed = statement.sql(dialect), statement.rehearsed(dialect)
        return Applied(executed, rehearsed, models, statement.has_open_types)
    translated = translate(sql, scope.dialect, dialect)
    return Applied(translated, translated, models)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a statement's text stands in the program."""

    sql: str
    span: Span

    def of(self, place: tuple[int, int]) -> Span:
        source = self.span.source
        begin = source.text.find(self.sql, self.span.start, self.span.end)
        if begin < 0:  # a string literal with escapes
            return self.span
        return Span(source, begin + place[0], begin + place[1])


def _of_a_view(scope: Scope, reference: str, span: Span) -> ModelUse | None:
    """A model that a view calls."""
    name = _name(reference, span)
    if scope.models.find(name.text, name.version) is None:
        scope.fault(
            "E0573",
            f"a view that is read here calls model `{reference}`, and there is no such model",
            span,
            hint=f"train it again, `TO TRAIN … INTO {name.text}`, or replace the view",
        )
        return None
    return usable_model(scope, name)[0]


def _name(reference: str, span: Span) -> ast.Name:
    name, _, version = reference.partition("@")
    if not version:
        return ast.Name(name, span=span)
    return ast.Name(name, version=int(version) if version.isdecimal() else version, span=span)


def _refuse_macro(scope: Scope, statement: ModelCalls, where: _Place) -> None:
    scope.fault(
        "E0574",
        "a macro cannot call a model",
        where.of(statement.calls[0].place),
        hint="a view can: it goes on giving what the newest version predicts",
    )


def _apply(scope: Scope, call: ModelCall, where: _Place, *, is_open: bool) -> ModelUse | None:
    span = where.of(call.place)
    if call.model is None:
        scope.fault(
            "E0570",
            f"`{call.kind.upper()}` needs the name of a model first, in single quotes",
            span,
            hint=f"`{call.kind.upper()}('model', table)`: which model it is must be known before"
            " the program runs",
        )
        return None
    use, model = usable_model(scope, _name(call.model, where.of(call.model_place)))
    if model is None or not model.is_readable:
        return None
    if not model.is_understood:
        call.leave_out()
        return use
    _Application(scope, call, model, use, span).check_and_apply(is_open=is_open)
    return use


@dataclass(frozen=True, slots=True)
class _Application:
    """A call of a model's function, at `span` in the program."""

    scope: Scope
    call: ModelCall
    model: Model
    use: ModelUse
    span: Span

    def check_and_apply(self, *, is_open: bool) -> None:
        """is_open: only the run can tell which columns the statement's tables have."""
        wanted = self._class()
        names = [column.name for column in self.model.columns]
        dialect = self.scope.catalog.dialect
        if self.call.row is None:
            if not self._has_all_arguments(wanted):
                return
            query: str | None = self.call.values_query(names, dialect)
        else:
            query = self.call.row_query(dialect)
        if query is not None and not is_open:
            self._check_columns(query)
        self.call.apply(names, function_type(self.model, self.call.kind), class_name=wanted)

    def _class(self) -> str | None:
        """The class whose probability is wanted; None for all of them."""
        call, model = self.call, self.model
        if call.kind != "predict_proba":
            return None
        if model.task not in ("classification", None):
            hint = f"`PREDICT('{call.model}', …)` gives what it predicts"
            self._fault(
                "E0572", f"`{model.name}` gives no probabilities: it is for {model.task}", hint
            )
        if problem := no_fields(model.classes or ()):
            self._fault(problem.code, problem.message, problem.hint)
        wanted = call.class_name
        if wanted is None or (call.row is None and len(call.arguments) == len(model.columns)):
            return None
        known = [class_name(value) for value in model.classes or ()]
        if known and wanted.casefold() not in map(str.casefold, known):
            hint = did_you_mean(wanted, known) or f"classes: {listed(known)}"
            self._fault("E0572", f"`{model.name}` has no class `{wanted}`", hint)
        return wanted

    def _has_all_arguments(self, wanted: str | None) -> bool:
        """Whether there are as many values as the model needs."""
        given, needed = len(self.call.arguments) - (wanted is not None), len(self.model.columns)
        if given == needed:
            return True
        names = listed(column.name for column in self.model.columns)
        self._fault(
            "E0571",
            f"model `{self.use.reference}` needs {counted(needed, 'value')},"
            f" and here {'is' if given == 1 else 'are'} {given:,}",
            f"in this order: {names}; or a table of the FROM clause that has them",
        )
        return False

    def _check_columns(self, query: str) -> None:
        """query: gives what the call hands to the model."""
        call = self.call
        try:
            columns = self.scope.catalog.describe(query)
        except QueryProblem:
            return  # it will be told for the whole of the statement
        schema = UNKNOWN if columns is None else Schema(columns)
        whose = f"model `{self.use.reference}`"
        what = {"*": "the query", None: "what is given"}.get(call.row, f"`{call.row}`")
        check_columns(self.scope, self.model.columns, schema, self.span, whose, what=what)

    def _fault(self, code: str, message: str, hint: str) -> None:
        self.scope.fault(code, message, self.span, hint=hint)

"""The logical plan's operators: what a statement does, its names, types, features resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlml.grammar import ast
from sqlml.grammar.query_facts import QueryFacts
from sqlml.planner.job_plan import Job
from sqlml.planner.placed import Placed
from sqlml.planner.schema import UNKNOWN, Schema
from sqlml.planner.trials import Trials
from sqlml.planner.wording import arrow, counted, given, shortened, tree
from sqlml.source import Span
from sqlml.zoo.attributes import Value
from sqlml.zoo.features.contract import Feature
from sqlml.zoo.solving.formula import Formula, Restriction, restriction_text, text_of


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A model that a statement uses; `trained_by` is the index of the statement that trains it."""

    name: str
    version: int | str | None = None
    trained_by: int | None = None

    @property
    def reference(self) -> str:
        return self.name if self.version is None else f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Read:
    """The rows of a query. `sql` is in the database's dialect.

    facts: with views seen as the queries that they are. sources: the tables and views that are
    read, directly or through views. models: those that it calls as functions, or views do.
    """

    span: Span
    sql: str
    facts: QueryFacts
    sources: tuple[str, ...] = ()
    schema: Schema = UNKNOWN
    models: tuple[ModelUse, ...] = ()

    def text(self, remark: str = "") -> str:
        known = counted(len(self.schema.columns), "column") if self.schema.is_complete else ""
        remarks = ", ".join(filter(None, (known, remark)))
        return f'Read "{shortened(self.sql)}"' + (f"        {remarks}" if remarks else "")


@dataclass(frozen=True, slots=True)
class Fit(Placed):
    """Train a model, perhaps going on from `base`, perhaps measured on the rows of `validation`.

    trials: what comes first, to find values that are in neither parameters nor settings.
    """

    statement: ast.Train
    rows: Read
    estimator: str
    into: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    settings: Mapping[str, Value] = field(default_factory=dict)
    features: Mapping[str, tuple[Feature, ...]] = field(default_factory=dict)
    label: tuple[str, ...] = ()
    validation: Read | None = None
    base: ModelUse | None = None
    trials: Trials | None = None

    def steps(self, name: str) -> tuple[str, ...]:
        return (*(self.trials.steps(name) if self.trials else ()), name)

    @property
    def title(self) -> str:
        return f"TO TRAIN {self.estimator}"

    def text(self) -> str:
        spaces = self.trials.spaces() if self.trials else {}
        values = given({**self.parameters, **self.settings, **spaces})
        label = f" label={', '.join(self.label)}" if self.label else ""
        base = f" from {self.base.reference}" if self.base else ""
        features = sum(map(len, self.features.values()))
        reads = [self.rows.text(counted(features, "feature"))]
        if self.validation is not None:
            reads.append(self.validation.text("validation"))
        search = ""
        if self.trials:
            search = f" best of {counted(self.trials.number, 'trial')}{self.trials.manner}"
        return tree(f"Fit {self.estimator}{values}{label}{base}{search} → {self.into}", *reads)


@dataclass(frozen=True, slots=True)
class Apply(Placed):
    """Predict with a model. The results go into columns named after `column`."""

    statement: ast.Predict
    rows: Read
    model: ModelUse
    column: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    into: str | None = None

    @property
    def title(self) -> str:
        return f"TO PREDICT {self.into or self.column}"

    def text(self) -> str:
        into = f"{self.into}.{self.column}" if self.into else self.column
        return tree(
            f"Apply {self.model.reference}{given(self.settings)} → {into}", self.rows.text()
        )


@dataclass(frozen=True, slots=True)
class Measure(Placed):
    """Evaluate a model. metrics: canonical names; none: those usual for the task.

    plots: what to draw; `all` is what suits the model.
    """

    statement: ast.Evaluate
    rows: Read
    model: ModelUse
    metrics: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    into: str | None = None
    plots: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"TO EVALUATE {self.model.reference}"

    def text(self) -> str:
        metrics = f" {', '.join(self.metrics)}" if self.metrics else ""
        label = f" label={', '.join(self.label)}" if self.label else ""
        plots = f" plots={', '.join(self.plots)}" if self.plots else ""
        head = f"Measure {self.model.reference}{metrics}{label}{plots}{arrow(self.into)}"
        return tree(head, self.rows.text())


@dataclass(frozen=True, slots=True)
class Explain(Placed):
    """Explain what a model makes of the rows. explainer: empty for SHAP values."""

    statement: ast.Explain
    rows: Read
    model: ModelUse
    explainer: str = ""
    settings: Mapping[str, Value] = field(default_factory=dict)
    into: str | None = None

    @property
    def title(self) -> str:
        return f"TO EXPLAIN {self.model.reference}"

    def text(self) -> str:
        using = f" using {self.explainer}" if self.explainer else ""
        head = f"Explain {self.model.reference}{given(self.settings)}{using}{arrow(self.into)}"
        return tree(head, self.rows.text())


@dataclass(frozen=True, slots=True)
class Solve(Placed):
    """Choose values of `variable`, one per row. column: the solution's, behind the keys."""

    statement: ast.Solve
    rows: Read
    objective: Formula
    restrictions: tuple[Restriction, ...]
    variable: str
    keys: tuple[str, ...]
    column: str
    domain: str
    solver: str
    settings: Mapping[str, Value] = field(default_factory=dict)
    into: str | None = None

    @property
    def title(self) -> str:
        return f"TO {self.statement.direction.upper()} {self.into or self.variable}"

    def text(self) -> str:
        variables = f"{self.variable}({', '.join(self.keys)}) {self.domain}"
        constraints = counted(len(self.restrictions), "constraint")
        head = (
            f"Solve {self.solver}{given(self.settings)} {variables}, {constraints}"
            f"{arrow(self.into)}"
        )
        objective = text_of(self.objective, self.variable)
        formulas = [f"{self.statement.direction.capitalize()} {shortened(objective)}"]
        formulas += [shortened(restriction_text(r, self.variable)) for r in self.restrictions]
        return tree(head, *formulas, self.rows.text())


@dataclass(frozen=True, slots=True)
class Compare(Placed):
    """Compare rows with those that the model was trained on."""

    statement: ast.Check
    rows: Read
    model: ModelUse
    settings: Mapping[str, Value] = field(default_factory=dict)
    into: str | None = None

    @property
    def title(self) -> str:
        return f"TO CHECK {self.model.reference}"

    def text(self) -> str:
        head = f"Compare {self.model.reference}{given(self.settings)}{arrow(self.into)}"
        return tree(head, self.rows.text())


@dataclass(frozen=True, slots=True)
class Execute(Placed):
    """Let the database run a statement. sql, facts, sources and models are as in Read."""

    statement: ast.Plain
    sql: str
    facts: QueryFacts
    sources: tuple[str, ...] = ()
    models: tuple[ModelUse, ...] = ()

    @property
    def title(self) -> str:
        return shortened(self.statement.sql)

    def text(self) -> str:
        writes = f" → {', '.join(self.facts.writes)}" if self.facts.writes else ""
        reads = f"        reads {', '.join(self.facts.reads)}" if self.facts.reads else ""
        return f'Execute "{shortened(self.sql)}"{writes}{reads}'


@dataclass(frozen=True, slots=True)
class Manage(Placed):
    """Look at stored models, or drop one. model: None for SHOW MODELS."""

    statement: ast.ShowTrain | ast.ShowModels | ast.DescribeModel | ast.DropModel
    action: Literal["show-train", "show-models", "describe", "drop"]
    model: ModelUse | None = None
    if_exists: bool = False

    @property
    def title(self) -> str:
        what = "" if self.action.startswith("show-") else " MODEL"
        words = self.action.replace("-", " ").upper() + what
        return " ".join([words, *([self.model.reference] if self.model else [])])

    def text(self) -> str:
        words = self.action.replace("-", " ").capitalize()
        return " ".join([words, *([self.model.reference] if self.model else [])])


@dataclass(frozen=True, slots=True)
class Alter(Placed):
    """Change what is known of a stored model: an alias, a tag, its name.

    name: of the alias or tag, or the model's new name. value: of the tag.
    """

    statement: ast.AlterModel
    action: Literal["set-alias", "drop-alias", "set-tag", "drop-tag", "rename"]
    model: ModelUse
    name: str
    value: str = ""

    @property
    def title(self) -> str:
        return f"ALTER MODEL {self.model.reference}"

    def text(self) -> str:
        words = self.action.replace("-", " ").capitalize()
        value = f" = {self.value}" if self.action == "set-tag" else ""
        return f"{words} {self.name}{value} of {self.model.reference}"


@dataclass(frozen=True, slots=True)
class Run(Placed):
    """Run a program, perhaps a ready-made one, on the rows and those that it compares with."""

    statement: ast.Run
    rows: Read
    program: str
    arguments: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    ready_made: bool = False
    reference: Read | None = None
    in_image: bool = False

    @property
    def title(self) -> str:
        return f"TO RUN {self.program}"

    def text(self) -> str:
        words = " ".join([self.program, *self.arguments])
        head = f"Run {words}{arrow(', '.join(self.into))}"
        reference = [] if self.reference is None else [self.reference.text("reference")]
        return tree(head, self.rows.text(), *reference)


Operator = Fit | Apply | Measure | Explain | Compare | Solve | Execute | Manage | Alter | Job | Run

"""One Python script that does what a program of SQL does, without sqlml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlml.codegen import plain
from sqlml.codegen.engine import FEATURES, Capability, Feature, Options
from sqlml.codegen.python.models import (
    Held,
    columns_of,
    lightgbm_lines,
    sklearn_lines,
    xgboost_lines,
)
from sqlml.errors import Diagnostic, ProgramError
from sqlml.grammar.secrets import without_secrets
from sqlml.workflow.ir import Evaluate, Node, Output, Predict, Query, Relation, Train, Workflow
from sqlml.workflow.serial import thaw
from sqlml.zoo.bundle import model_type

_METRICS: Mapping[str, str] = {
    "accuracy": "metrics.accuracy_score(truth, predicted)",
    "balanced_accuracy": "metrics.balanced_accuracy_score(truth, predicted)",
    "matthews_corrcoef": "metrics.matthews_corrcoef(truth, predicted)",
    "r2": "metrics.r2_score(truth, predicted)",
    "mean_absolute_error": "metrics.mean_absolute_error(truth, predicted)",
    "mean_squared_error": "metrics.mean_squared_error(truth, predicted)",
    "root_mean_squared_error": "metrics.root_mean_squared_error(truth, predicted)",
}
_BOOSTERS: Mapping[str, tuple[str | None, ...]] = {  # and the objectives that they may have
    "xgboost.gbtree": (None, "reg:squarederror", "binary:logistic", "multi:softprob"),
    "lightgbm.gbdt": (None, "regression", "binary", "multiclass"),
}
_SETTINGS = {
    "num_boost_round", "seed", "early_stopping_rounds", "validation.split", "validation.metrics",
}  # fmt: skip


class Python:
    """Statements become lines of a script, for people to read and go on from."""

    name = "python"
    title = "Python"
    outputs = ""
    takes_sql = True
    settings: Mapping[str, str] = {}
    support: Mapping[Feature, Capability] = dict.fromkeys(
        FEATURES,
        Capability("refused", "it is for SQL: plain statements, TRAIN, PREDICT and EVALUATE"),
    )

    def render(self, workflow: Workflow, options: Options) -> Mapping[str, str]:
        script = _Script(workflow)
        body = "\n".join(script.lines())
        if script.faults:
            raise ProgramError(*script.faults)
        title = workflow.name.replace("\\", "/").replace('"', "'").replace("\n", " ")
        head = f'"""{title}: written by sqlml. Run it with the path of a DuckDB file."""\n'
        imports = f"import re\nimport sys\n\n{_imports(body)}"
        name = options.name or workflow.name.rpartition("/")[2].removesuffix(".sql")
        safe = "".join(c if c.isalnum() else "_" for c in name).strip("_") or "program"
        helpers = plain.part("python/program")
        if "measured =" in body or "with_chances(" in body:
            helpers += "\n\n" + plain.part("python/measures")
        if "held_back(" in body:
            helpers += "\n\n" + plain.part("python/held")
        if "crossed(" in body:
            helpers += "\n\n" + plain.part("python/crosses")
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


@dataclass(frozen=True, slots=True)
class _Model:
    """name: of the variable. label: the column."""

    name: str
    label: str
    estimator: str


class _Script:
    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._models: dict[str, _Model] = {}
        self.faults: list[Diagnostic] = []

    def lines(self) -> Iterator[str]:
        """faults: has what cannot be written, when all lines have been taken."""
        if self._workflow.parameters or self._workflow.on_exit:
            self._refuse(None, "the program has parameters or exit steps")
        for node in self._workflow.nodes:
            place = f" (line {node.place.line})" if node.place else ""
            yield f"\n# {node.name}{place}"
            if node.guard is not None or node.loop is not None:
                self._refuse(node, "it has a condition or a loop")
            yield from self._step(node)

    def _step(self, node: Node) -> Iterator[str]:
        match node.operation:
            case Query(sql=sql) if without_secrets(sql) != sql:
                self._refuse(node, "it holds a secret")
            case Query(sql=sql, writes=writes, session=session):
                is_shown = not writes and not session
                yield f"print(con.sql({_text(sql)}))" if is_shown else f"con.execute({_text(sql)})"
            case Train() as train:
                yield from self._train(node, train)
            case Predict() as predict:
                yield from self._predict(node, predict)
            case Evaluate() as evaluate:
                yield from self._evaluate(node, evaluate)
            case _:
                kind = type(node.operation).__name__.lower()
                self._refuse(node, f"`{kind}` is none of what it can say")

    def _refuse(self, node: Node | None, reason: str) -> None:
        place = node.place if node else None
        label = f"at {place.file}:{place.line}:{place.column}" if place else ""
        who = f"step `{node.name}`" if node else f"`{self._workflow.name}`"
        hint = "run it here, or render it for another engine, whose steps call sqlml"
        message = f"a plain script cannot do what {who} does: {reason}"
        self.faults.append(Diagnostic("E0797", message, label=label, hint=hint))

    def _rows(self, node: Node) -> str:
        match node.inputs.get("rows"):
            case Relation(sql=sql):
                return _text(sql)
            case _:
                self._refuse(node, "its rows are not those of a query")
                return '""'

    # --- TRAIN --------------------------------------------------------------------------------

    def _train(self, node: Node, train: Train) -> Iterator[str]:
        known = model_type(train.estimator)
        name = "".join(c if c.isalnum() else "_" for c in f"model_{train.into}")
        is_booster = train.estimator in _BOOSTERS
        self._check(node, train, is_supported=is_booster or known.family == "sklearn")
        specs: Any = thaw(train.features)
        features = [*columns_of(specs.get("", []), native=known.categories == "native")]
        if None in features or len(specs) != 1:
            self._refuse(node, "only columns of numbers and of text can be features here")
        chosen = [feature for feature in features if feature is not None]
        if not is_booster and any(feature.kind == "codes" for feature in chosen):
            self._refuse(node, "INDICATOR is missing around its categories")
        label = train.label[0] if train.label else ""
        self._models[node.name] = _Model(name, label, train.estimator)
        yield f"query = {self._rows(node)}"
        yield "rows = fetch(query)"
        for place, feature in enumerate(chosen):
            if told := feature.known():
                yield f"{name}_values_{place} = {told}"
        yield ""
        yield ""
        yield f"def {name}_features(rows):"
        yield "    return np.column_stack(["
        for place, feature in enumerate(chosen):
            yield f"        {feature.text(f'{name}_values_{place}')},"
        yield f'    ]).astype("{known.dtype}")'
        yield ""
        yield ""
        yield f"{name}_label = rows[{label!r}].type"
        yield f"{name}_classes = {self._classes(train, known.task, label)}"
        yield f"label = encoded(rows[{label!r}], {name}_classes)"
        if held := self._held(node, train):
            yield from held.lines(name, label)
        if train.estimator == "xgboost.gbtree":
            yield from xgboost_lines(name, train, chosen, held)
        elif is_booster:
            yield from lightgbm_lines(name, train, chosen, held)
        else:
            yield from sklearn_lines(name, train, held)
        names: Any = train.settings.get("validation.metrics") or ()
        if names and not self.faults:
            yield "truth = held_label"
            yield from self._measured(self._models[node.name], "held_matrix", tuple(names))

    def _held(self, node: Node, train: Train) -> Held | None:
        """The rows that are not trained on."""
        settings: Mapping[str, Any] = train.settings
        patience, seed = settings.get("early_stopping_rounds") or 0, settings.get("seed") or 0
        match node.inputs.get("validation"):
            case Relation(sql=sql):
                return Held(query=_text(sql), patience=patience)
            case None:
                share = settings.get("validation.split")
                return Held(share, patience=patience, seed=seed) if share else None
            case _:
                self._refuse(node, "its rows to validate on are not those of a query")
                return None

    @staticmethod
    def _classes(train: Train, task: str | None, label: str) -> str:
        objective = str(train.parameters.get("objective", ""))
        if task == "regression" or objective.startswith("reg"):
            return "None"
        if task == "classification" or objective.startswith(("binary", "multi")):
            return f"rows[{label!r}].unique().sort()"
        return f"classes_of(rows[{label!r}])"

    def _check(self, node: Node, train: Train, *, is_supported: bool) -> None:
        known = model_type(train.estimator)
        task_told = known.task in (None, "classification", "regression")
        if not is_supported or not task_told:
            boosters = ", ".join(f"`{name}`" for name in _BOOSTERS)
            self._refuse(node, f"models are {boosters}, or classifiers and regressors of "
                         "scikit-learn")  # fmt: skip
        if len(train.label) != 1:
            self._refuse(node, "it has not one label")
        objective = train.parameters.get("objective")
        if train.estimator in _BOOSTERS and objective not in _BOOSTERS[train.estimator]:
            self._refuse(node, f"its objective is `{objective}`")
        for name in sorted({*train.settings} - _SETTINGS):
            self._refuse(node, f"it has the attribute `{name}`")
        if any(not isinstance(value, str | int | float) for value in train.parameters.values()):
            self._refuse(node, "one of its parameters is neither a number nor text")
        names: Any = train.settings.get("validation.metrics") or ()
        if any(name not in _METRICS for name in names):
            self._refuse(node, f"metrics to name are {', '.join(_METRICS)}")
        for name in {*node.inputs} - {"rows", "validation"}:
            self._refuse(node, f"it has the input `{name}`")

    # --- PREDICT and EVALUATE -----------------------------------------------------------------

    def _model(self, node: Node) -> _Model | None:
        given = node.inputs.get("model")
        model = self._models.get(given.node) if isinstance(given, Output) else None
        if model is None and not self.faults:
            self._refuse(node, "its model is not one that the program trains")
        return model

    def _predict(self, node: Node, predict: Predict) -> Iterator[str]:
        model = self._model(node)
        for name in {*predict.settings} - {"probability"}:
            self._refuse(node, f"it has the attribute `{name}`")
        if model is None:
            return
        name = model.name
        yield f"rows = fetch({self._rows(node)})"
        yield f"predicted = {_predicted(model)}"
        yield f"result = decoded(predicted, {name}_classes, {name}_label)"
        dropped = f"{model.label!r}, {predict.column!r}"
        yield f"table = without(rows, {dropped}).append_column({predict.column!r}, result)"
        if predict.settings.get("probability"):
            told = f"{name}, {name}_features(rows), {name}_classes"
            yield f"table = with_chances(table, {predict.column!r}, {told})"
        yield f"keep(table, {(predict.into or '')!r})"

    def _evaluate(self, node: Node, evaluate: Evaluate) -> Iterator[str]:
        model = self._model(node)
        names = evaluate.metrics
        if not names or evaluate.plots or any(name not in _METRICS for name in names):
            self._refuse(node, f"metrics to name are {', '.join(_METRICS)}")
            return
        if model is None:
            return
        label = evaluate.label[0] if evaluate.label else model.label
        yield f"rows = fetch({self._rows(node)})"
        yield f"truth = encoded(rows[{label!r}], {model.name}_classes)"
        yield from self._measured(model, f"{model.name}_features(rows)", tuple(names))
        if evaluate.into:
            yield "columns = {n: pa.array([value], pa.float64()) for n, value in measured.items()}"
            yield f"keep(pa.table(columns), {evaluate.into!r})"

    @staticmethod
    def _measured(model: _Model, matrix: str, names: tuple[str, ...]) -> Iterator[str]:
        """Print the metrics of predictions beside the truth."""
        yield f"predicted = {_predicted(model, matrix)}"
        yield "measured = {"
        told = f"truth, predicted, {model.name}, {matrix}, {model.name}_classes"
        yield f'    "loss": loss_of({told}),'
        yield from (f"    {name!r}: {_METRICS[name]}," for name in names)
        yield "}"
        yield "for name, value in measured.items():"
        yield "    print(name, value)"


def _predicted(model: _Model, matrix: str = "") -> str:
    name = model.name
    call = "inplace_predict" if model.estimator == "xgboost.gbtree" else "predict"
    told = f"{name}.{call}({matrix or f'{name}_features(rows)'})"
    return f"likeliest({told}, {name}_classes)" if model.estimator in _BOOSTERS else told


def _text(sql: str) -> str:
    """A Python text, over lines where it has some."""
    if "\n" in sql and "\\" not in sql and '"""' not in sql and not sql.endswith('"'):
        return f'"""{sql}"""'
    return repr(sql)

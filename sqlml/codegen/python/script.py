"""What the steps of a program are in a plain script."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.python.features import Columns, columns_of
from sqlml.codegen.python.measures import KNOWN, measured
from sqlml.codegen.python.model import OBJECTIVES, UNLABELLED, Model, memorizes, task_of
from sqlml.codegen.python.reasons import gain_lines, names_line, shap_lines
from sqlml.codegen.python.training import Held, lightgbm_lines, sklearn_lines, xgboost_lines
from sqlml.errors import Diagnostic
from sqlml.grammar.secrets import without_secrets
from sqlml.workflow.ir import (
    Evaluate,
    Explain,
    Node,
    Output,
    Predict,
    Query,
    Relation,
    Train,
    Workflow,
)
from sqlml.workflow.serial import thaw
from sqlml.zoo.bundle import model_type
from sqlml.zoo.steps.explainers import find_explainer

_EXTRAS = {
    "score": "{name}.decision_function(matrix)",
    "distance": "{name}.transform(matrix).min(axis=1)",
    "log_density": "{name}.score_samples(matrix)",
    "deviation": "{name}.predict(matrix, return_std=True)[1]",
}
_SETTINGS = {
    "num_boost_round", "seed", "early_stopping_rounds", "validation.split", "validation.metrics",
}  # fmt: skip


class Statements:
    """The lines for the steps of a workflow, and what it cannot say."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self._models: dict[str, Model] = {}
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
            case Query(sql=sql) if _attaches(sql):
                self._refuse(node, "DuckDB itself does not attach such a database")
            case Query(sql=sql, writes=writes, session=session):
                is_shown = not writes and not session
                yield f"print(con.sql({_text(sql)}))" if is_shown else f"con.execute({_text(sql)})"
            case Train() as train:
                yield from self._train(node, train)
            case Predict() as predict:
                yield from self._predict(node, predict)
            case Evaluate() as evaluate:
                yield from self._evaluate(node, evaluate)
            case Explain() as explain:
                yield from self._explain(node, explain)
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
        self._check(node, train)
        known = model_type(train.estimator)
        name = "".join(c if c.isalnum() else "_" for c in f"model_{train.into}")
        features = self._features(node, train, name)
        label = train.label[0] if train.label else ""
        model = Model(name, label, train.estimator, task_of(train), features)
        self._models[node.name] = model
        yield f"rows = fetch({self._rows(node)})"
        if label:
            yield f"{name}_label = rows[{label!r}].type"
            yield f"{name}_classes = {self._classes(model)}"
        held = self._held(node, train)
        if held:
            yield from held.lines(name, label)
        if group := train.settings.get("group"):
            yield f"rows = rows.take(pc.sort_indices(rows, [({group!r}, 'ascending')]))"
            yield f'sizes = rows[{group!r}].value_counts().field("counts")'
        for feature in features:
            yield from feature.learnt
        yield ""
        yield ""
        yield f"def {name}_features(rows):"
        yield "    return np.column_stack(["
        yield from (f"        {feature.text}," for feature in features)
        yield f'    ]).astype("{known.dtype}")'
        yield ""
        yield ""
        yield f"matrix = {model.matrix}"
        if label:
            yield f"label = encoded(rows[{label!r}], {name}_classes)"
        if held:
            yield f"held_matrix = {name}_features(held_rows)"
            yield f"held_label = encoded(held_rows[{label!r}], {name}_classes)"
        if known.family == "xgboost":
            yield from xgboost_lines(name, train, features, held)
        elif known.family == "lightgbm":
            yield from lightgbm_lines(name, train, features, held)
        else:
            yield from sklearn_lines(name, train)
        names: Any = train.settings.get("validation.metrics") or ()
        if names and not self.faults:
            yield "truth = held_label"
            yield f"predicted = {model.predicted('held_matrix')}"
            yield from measured(name, "held_matrix", model.task, tuple(names))

    def _features(self, node: Node, train: Train, name: str) -> list[Columns]:
        specs: Any = thaw(train.features)
        native = model_type(train.estimator).categories == "native"
        found = [*columns_of(specs.get("", []), f"{name}_known", native=native)]
        features = [feature for feature in found if feature is not None]
        if len(features) < len(found) or len(specs) != 1:
            self._refuse(node, "features are numbers, dates, lists of numbers and categories, and "
                         "what is made of them by LOG, STANDARDIZE, MINMAX, IMPUTE, BUCKET, CROSS "
                         "and INDICATOR")  # fmt: skip
        if train.estimator not in OBJECTIVES and any(one.is_code for one in features):
            self._refuse(node, "INDICATOR is missing around its categories")
        return features

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
    def _classes(model: Model) -> str:
        match model.task:
            case None:
                return f"classes_of(rows[{model.label!r}])"
            case "classification":
                return f"rows[{model.label!r}].unique().sort()"
            case _:
                return "None"

    def _check(self, node: Node, train: Train) -> None:
        known = model_type(train.estimator)
        is_kept = known.family == "sklearn" and not memorizes(train.estimator)
        if train.estimator not in OBJECTIVES and not is_kept:
            boosters = ", ".join(f"`{name}`" for name in OBJECTIVES)
            self._refuse(node, f"models are {boosters}, and those of scikit-learn that have a "
                         "rule for new rows")  # fmt: skip
        if len(train.label) != (known.task not in UNLABELLED):
            self._refuse(node, "it has no label, or several")
        objective = train.parameters.get("objective")
        if objective not in OBJECTIVES.get(train.estimator, (objective,)):
            self._refuse(node, f"its objective is `{objective}`")
        allowed = _SETTINGS if known.task != "ranking" else {"num_boost_round", "seed", "group"}
        for name in sorted({*train.settings} - allowed):
            self._refuse(node, f"it has the attribute `{name}`")
        if any(not isinstance(value, str | int | float) for value in train.parameters.values()):
            self._refuse(node, "one of its parameters is neither a number nor text")
        self._check_metrics(node, train.settings.get("validation.metrics") or ())
        for name in {*node.inputs} - {"rows", "validation"}:
            self._refuse(node, f"it has the input `{name}`")

    def _check_metrics(self, node: Node, names: Any) -> None:
        unknown = [name for name in names if name not in KNOWN]
        if unknown:
            self._refuse(node, f"it has no words for the metric `{unknown[0]}`")

    # --- PREDICT and EVALUATE -----------------------------------------------------------------

    def _model(self, node: Node) -> Model | None:
        given = node.inputs.get("model")
        model = self._models.get(given.node) if isinstance(given, Output) else None
        if model is None and not self.faults:
            self._refuse(node, "its model is not one that the program trains")
        return model

    def _predict(self, node: Node, predict: Predict) -> Iterator[str]:
        model = self._model(node)
        extras: Any = predict.settings.get("extra_outputs") or ()
        for name in {*predict.settings} - {"probability", "extra_outputs"}:
            self._refuse(node, f"it has the attribute `{name}`")
        if model is None:
            return
        name, column = model.name, predict.column
        if unknown := [one for one in extras if one not in _EXTRAS or model.is_booster]:
            self._refuse(node, f"it has no words for the output `{unknown[0]}`")
        yield f"rows = fetch({self._rows(node)})"
        yield f"matrix = {model.matrix}"
        yield f"predicted = {model.predicted()}"
        dropped = ", ".join(map(repr, filter(None, dict.fromkeys([model.label, column]))))
        if model.task in (*UNLABELLED, "ranking"):
            yield f"table = with_results(without(rows, {dropped}), {column!r}, predicted)"
        else:
            yield f"result = decoded(predicted, {name}_classes, {name}_label)"
            yield f"table = without(rows, {dropped}).append_column({column!r}, result)"
        if predict.settings.get("probability"):
            yield f"chances = chances_of({name}, matrix)"
            yield f"table = with_chances(table, {column!r}, chances, {name}_classes)"
        for extra in extras if not self.faults else ():
            values = _EXTRAS[extra].format(name=name)
            yield f"table = with_results(table, {f'{column}_{extra}'!r}, {values})"
        yield f"keep(table, {(predict.into or '')!r})"

    def _evaluate(self, node: Node, evaluate: Evaluate) -> Iterator[str]:
        model = self._model(node)
        if evaluate.plots:
            self._refuse(node, "it draws plots")
        self._check_metrics(node, evaluate.metrics)
        if model is not None and model.task not in (None, "classification", "regression"):
            self._refuse(node, f"it measures classifiers and regressors, not {model.task}")
        if model is None or self.faults:
            return
        label = evaluate.label[0] if evaluate.label else model.label
        yield f"rows = fetch({self._rows(node)})"
        yield f"truth = encoded(rows[{label!r}], {model.name}_classes)"
        yield f"matrix = {model.matrix}"
        yield f"predicted = {model.predicted()}"
        yield from measured(model.name, "matrix", model.task, evaluate.metrics)
        if evaluate.into:
            yield "columns = {"
            yield "    name: pa.array([value], pa.float64(), from_pandas=True)"
            yield "    for name, value in measured.items()"
            yield "}"
            yield f"keep(pa.table(columns), {evaluate.into!r})"

    def _explain(self, node: Node, explain: Explain) -> Iterator[str]:
        model = self._model(node)
        kind = find_explainer(explain.explainer)
        keys: Any = explain.settings.get("keys") or ()
        if kind not in ("shap", "gain"):
            self._refuse(node, f"it has no words for `{explain.explainer}`")
        elif kind == "shap" and not explain.into:
            self._refuse(node, "it draws a plot; INTO has SHAP values written")
        if model is None:
            return
        if not model.is_booster:
            self._refuse(node, f"it explains XGBoost and LightGBM, not `{model.estimator}`")
        names = [one.names for one in model.features]
        if not all(names) or len({*names}) < len(names):
            self._refuse(node, "not each of its features has a name of its own")
        yield names_line(model.features)
        if kind == "gain":
            yield from gain_lines(model.name, model.family)
        else:
            yield f"rows = fetch({self._rows(node)})"
            yield from shap_lines(model.name, model.family, keys)
        yield f"keep(table, {(explain.into or '')!r})"


def _attaches(sql: str) -> bool:
    """Whether sqlml, not DuckDB, reads the database that it attaches."""
    from sqlml.databases.remote.address import address  # loads Arrow

    return sql.lstrip()[:6].upper() == "ATTACH" and address(sql) is not None


def _text(sql: str) -> str:
    """A Python text, over lines where it has some."""
    if "\n" in sql and "\\" not in sql and '"""' not in sql and not sql.endswith('"'):
        return f'"""{sql}"""'
    return repr(sql)

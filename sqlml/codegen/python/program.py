"""What the statements of a plain script share: names, models, and what cannot be said."""

import builtins
import keyword
from collections.abc import Iterator

from sqlml.codegen.python.layout import quoted
from sqlml.codegen.python.library import reserved
from sqlml.codegen.python.model import Model
from sqlml.errors import Diagnostic
from sqlml.workflow.ir import ModelReference, Node, Output, Relation, Train, Workflow, is_function

_TAKEN = (  # by what statements call their values
    "chances", "clusters", "con", "held_label", "held_matrix", "held_rows", "label", "matrix",
    "measured", "names", "parameters", "predicted", "rows", "score", "table", "truth", "values",
)  # fmt: skip
_HINT = (
    "`sqlml run` does it, and so do the engines `argo`, `airflow`, `kfp` and `tekton`, whose steps"
    " call sqlml"
)


class Program:
    """faults: what cannot be written; a script is good when there are none."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.faults: list[Diagnostic] = []
        self.imports: set[str] = set()
        self._names = {*_TAKEN, *reserved(), *keyword.kwlist, *dir(builtins)}
        self._models: dict[str, Model] = {}  # by the step that trains it
        self._stored: dict[str, Model] = {}  # by name, and by name@alias
        self._functions: dict[str, str] = {}  # of the script, by the model's variable
        self._refused: set[str] = set()

    def name(self, wanted: str) -> str:
        """A variable that nothing else has."""
        safe = "".join(c if c.isalnum() and c.isascii() else "_" for c in wanted).strip("_")
        safe = safe.lower() or "value"
        base = f"_{safe}" if safe[0].isdigit() else safe
        name, number = base, 2
        while name in self._names:
            name, number = f"{base}_{number}", number + 1
        self._names.add(name)
        return name

    def refuse(self, node: Node | None, reason: str, hint: str = _HINT) -> None:
        place = node.place if node else None
        label = f"at {place.file}:{place.line}:{place.column}" if place else ""
        who = f"step `{node.name}`" if node else f"`{self.workflow.name}`"
        message = f"a plain script cannot do what {who} does: {reason}"
        self.faults.append(Diagnostic("E0797", message, label=label, hint=hint))
        if node is not None:
            self._refused.add(node.name)

    def is_refused(self, node: Node) -> bool:
        return node.name in self._refused

    def rows(self, node: Node, name: str = "rows") -> str:
        """The query of a step's rows, as a text."""
        match node.inputs.get(name):
            case Relation(sql=sql):
                return quoted(sql)
            case _:
                self.refuse(node, "its rows are not those of a query")
                return '""'

    # --- models -------------------------------------------------------------------------------

    def store(self, node: Node, train: Train, model: Model) -> None:
        self._models[node.name] = self._stored[train.into] = model

    def alias(self, model: Model, alias: str) -> None:
        """Let a stored model be known by an alias, too."""
        self._stored[f"{model.train.into}@{alias}"] = model

    def model(self, node: Node, name: str = "model") -> Model | None:
        """The model that a step uses; it is refused where that is not trained here."""
        match node.inputs.get(name):
            case Output(node=trained):
                found, is_known = self._models.get(trained), trained in self._refused
            case ModelReference(name=stored, version=version):
                told = stored if version is None else f"{stored}@{version}"
                found, is_known = self._stored.get(told), bool(self._refused)
            case _:
                found, is_known = None, False
        if found is None and not is_known:
            self.refuse(node, "its model is not one that the program trains")
        return found

    def functions(self, node: Node) -> Iterator[Model]:
        """The models that a step's SQL calls."""
        for name in node.inputs:
            if is_function(name):
                model = self.model(node, name)
                if model is not None:
                    yield model

    def function(self, model: Model) -> tuple[str, bool]:
        """What SQL calls to predict by a model, and whether it is new."""
        is_new = model.name not in self._functions
        if is_new:
            self._functions[model.name] = self.name(f"predict_{model.name}")
        return self._functions[model.name], is_new

"""What the statements of a plain script share: names, models, and what cannot be said."""

import builtins
import keyword
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from sqlml.codegen.python.layout import quoted
from sqlml.codegen.python.library import reserved
from sqlml.codegen.python.model import Model
from sqlml.codegen.python.searches import without_trials
from sqlml.errors import Diagnostic
from sqlml.workflow.ir import (
    Check,
    ModelReference,
    Node,
    Output,
    Relation,
    Train,
    Workflow,
    is_function,
)

_TAKEN = (  # by what statements call their values
    "arguments", "attempt", "best_trial", "bins", "chances", "con", "data", "each", "good", "group",
    "held_data", "held_label", "held_matrix", "held_parts", "held_rows", "highs", "inputs", "kinds",
    "label", "linear", "matrix", "measured", "model", "names", "one", "outputs", "parameters",
    "parser", "pool", "predicted", "records", "result", "rows", "sizes", "status", "steps", "table",
    "truth", "values",
)  # fmt: skip
_OF_MODEL = ("", "_features", "_fit", "_label", "_rows")  # variables that a model has
_HINT = (
    "`sqlml run` does it, and so do the engines `argo`, `airflow`, `kfp` and `tekton`, whose steps"
    " call sqlml"
)


class Program:
    """faults: what cannot be written; a script is good when there are none. searches: by the step
    that trains what they find."""

    def __init__(
        self,
        workflow: Workflow,
        kept: frozenset[str] | None = None,
        shared: Mapping[str, Node] = MappingProxyType({}),
    ) -> None:
        """kept: the names that its functions may not have; by default, all that are known.

        shared: as in engine.Options.
        """
        self.workflow, self.searches = without_trials(workflow)
        self.faults: list[Diagnostic] = []
        self.imports: set[str] = set()
        self.shared = shared
        self._names = {
            *_TAKEN,
            *(reserved() if kept is None else kept),
            *keyword.kwlist,
            *dir(builtins),
        }
        self._models: dict[str, Model] = {}  # by the step that trains it
        self._stored: dict[str, Model] = {}  # by name, and by name@alias
        self._functions: dict[str, str] = {}  # of the script, by the model's variable
        self._refused: set[str] = set()

    def name(self, wanted: str, ends: Sequence[str] = ("",)) -> str:
        """A variable that nothing else has. ends: of others of that name that go with it."""
        safe = "".join(c if c.isalnum() and c.isascii() else "_" for c in wanted).strip("_")
        safe = safe.lower() or "value"
        base = f"_{safe}" if safe[0].isdigit() else safe
        name, number = base, 2
        while self._names & {f"{name}{end}" for end in ends}:
            name, number = f"{base}_{number}", number + 1
        self._names |= {f"{name}{end}" for end in ends}
        return name

    def variable(self, wanted: str, kind: str = "result") -> str:
        """A variable for what a step gives: its own name, or one that says what it is."""
        is_free = wanted.replace("-", "_") not in self._names
        return self.name(wanted if is_free else f"{wanted}_{kind}")

    def claim(self, name: str) -> bool:
        """Take exactly this name; false where something else has it."""
        is_free = name not in self._names
        self._names.add(name)
        return is_free

    def part(self, name: str) -> Workflow:
        """The workflow of that name that steps call."""
        return next(one for one in self.workflow.workflows if one.name == name)

    def name_model(self, wanted: str) -> str:
        return self.name(wanted, _OF_MODEL)

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

    def know(self, model: Model) -> None:
        """Let steps use a model that another script has trained."""
        self._stored[model.train.into] = model

    def trained(self, node: Node) -> Model | None:
        """The model that a step trains; None where it trains none, or is refused."""
        return self._models.get(node.name)

    def models_of_others(self) -> Iterator[str]:
        """The shared models that steps use and none of them trains."""
        nodes = [*self.workflow.nodes, *self.workflow.on_exit]
        own = {one.operation.into for one in nodes if isinstance(one.operation, Train)}
        used = (value for node in nodes for value in node.inputs.values())
        names = (value.name for value in used if isinstance(value, ModelReference))
        yield from (one for one in dict.fromkeys(names) if one in self.shared and one not in own)

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

    def is_checked(self, node: Node, train: Train) -> bool:
        """Whether rows are compared with those that a step trains on."""
        checks = (one for one in self.workflow.nodes if isinstance(one.operation, Check))
        for given in (check.inputs.get("model") for check in checks):
            if isinstance(given, Output) and given.node == node.name:
                return True
            if isinstance(given, ModelReference) and given.name == train.into:
                return True
        return False

    def function(self, model: Model) -> tuple[str, bool]:
        """What SQL calls to predict by a model, and whether it is new."""
        is_new = model.name not in self._functions
        if is_new:
            self._functions[model.name] = self.name(f"predict_{model.name}")
        return self._functions[model.name], is_new

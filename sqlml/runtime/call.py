"""A step, ready to run: one form for threads, workers and engines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlml.grammar.model_functions import pinned
from sqlml.workflow.ir import Json, Relation, is_function
from sqlml.workflow.serial import freeze, thaw
from sqlml.zoo import STEPS
from sqlml.zoo.context import Context
from sqlml.zoo.steps.outcome import Outcome


@dataclass(frozen=True, slots=True)
class StepCall:
    """kind: an entry of STEPS. arguments and rows: by parameter name of the step's function."""

    kind: str
    arguments: Mapping[str, Json]
    rows: Mapping[str, Relation]

    @property
    def is_ready_made(self) -> bool:
        """Whether it runs one of our own programs, which the database does by itself."""
        return self.kind == "run" and bool(self.arguments["ready_made"])

    @classmethod
    def of(
        cls,
        operation: Any,
        inputs: Mapping[str, Json | Relation],
        versions: Sequence[str] = (),
    ) -> "StepCall":
        """The call of an operation, whose inputs are rows or values (a model is `name@version`).

        versions: those whose functions its SQL calls where it calls plain names.
        """
        values = {item.name: getattr(operation, item.name) for item in fields(operation)}
        if "sql" in values:
            values["sql"] = pinned(values["sql"], versions)
        rows = {}
        for name, value in inputs.items():
            if isinstance(value, Relation):
                rows[name] = replace(value, sql=pinned(value.sql, versions))
            elif not is_function(name):
                values[name] = value
        return cls(step_kind(operation), values, rows)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "StepCall":
        rows = {name: Relation(**_frozen(relation)) for name, relation in told["rows"].items()}
        return cls(told["kind"], _frozen(told["arguments"]), rows)

    def to_json(self) -> dict[str, Any]:
        rows = {name: thaw(asdict(relation)) for name, relation in self.rows.items()}
        return {"kind": self.kind, "arguments": thaw(self.arguments), "rows": rows}

    def settled(self, settle: Callable[[Relation, str], Relation]) -> "StepCall":
        """The call with rows that are the same at every look.

        `settle` makes such rows of a relation and its name. It is called where a query gives other
        rows each time, and in steps that look several times, also where it may: `ORDER BY x
        LIMIT 10` chooses anew among rows with the same x.
        """
        rows = {
            name: settle(relation, name) if self._changes(relation) else relation
            for name, relation in self.rows.items()
        }
        return replace(self, rows=rows)

    def _changes(self, relation: Relation) -> bool:
        looks_again = self.kind in ("train", "trial") or self.is_ready_made
        return not (relation.stable if looks_again else relation.deterministic)

    def run(self, context: Context) -> Outcome:
        """Do the step.

        Raises:
            SqlmlError: what the user can mend; anything else is a bug.
        """
        step = STEPS.load(self.kind)
        rows = {
            name: context.rows(relation.sql, stable=relation.stable)
            for name, relation in self.rows.items()
        }
        return step(context, **self.arguments, **rows)


def step_kind(operation: Any) -> str:
    """An operation's entry in STEPS."""
    return type(operation).__name__.lower()


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    return thaw(asdict(outcome))  # type: ignore[no-any-return]


def outcome_from_json(told: Mapping[str, Any]) -> Outcome:
    return Outcome(**_frozen(told))


def _frozen(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: freeze(value) for name, value in told.items()}

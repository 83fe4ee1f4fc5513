"""The workflow that a program is writing: one for each thread and context, never shared."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from sqlml.couler.outputs import StepOutputs, outputs_of
from sqlml.workflow.graph import compared, givers
from sqlml.workflow.ir import After, AllOf, Condition, Node, Output, Workflow
from sqlml.workflow.places import caller, fault, kebab
from sqlml.workflow.rewiring import renaming

_MISSING = object()
_OF_SCOPES = ("frontier", "guards", "terms", "family", "passed_on", "is_edge", "occurrences")


@dataclass(frozen=True, slots=True)
class Family:
    """Branches over one output: they start together, and what follows comes after all of them."""

    subject: Output
    base: tuple[After, ...]
    ends: tuple[After, ...]


@dataclass(slots=True)
class Scope:
    """Steps being written one after the other.

    frontier: what the next step comes after. guards: the conditions around it. terms: what
    frontier and guards are in Argo's words. passed_on: outputs that a step gets besides its
    arguments. In a `dag` (is_edge) what is said twice is one step; so it is among the steps on exit
    for one status (realm). occurrences: what one function of it has said so far, how often.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    frontier: tuple[After, ...] = ()
    guards: tuple[Condition, ...] = ()
    terms: tuple[tuple[After, ...], str] | None = None
    family: Family | None = None
    passed_on: tuple[Any, ...] = ()
    is_edge: bool = False
    realm: str = ""
    occurrences: Counter[Hashable] = field(default_factory=Counter)
    drafts: dict[str, "Draft"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A step without a name: `build` makes it for a template, after which its inputs are named.

    base: what the step and its template are called if that is free. is_named: by the user, not
    after a function.
    """

    base: str
    is_named: bool
    build: Callable[[str], Node]


class Rewind(Protocol):
    """Undoes changes; or of the steps alone, so that they can be written elsewhere."""

    def __call__(self, *, steps_only: bool = False) -> None: ...


@dataclass(slots=True)
class Flow:
    """All that a program has said so far. Every change is journaled, so that it can be undone."""

    scopes: list[Scope] = field(default_factory=lambda: [Scope()])
    exits: dict[str, Node] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, StepOutputs] = field(default_factory=dict)
    pools: dict[str, tuple[Any, bool]] = field(default_factory=dict)
    _taken: dict[tuple[str, str], bool] = field(default_factory=dict)
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    _templates: dict[Hashable, str] = field(default_factory=dict)
    _known: dict[Hashable, str] = field(default_factory=dict)
    _journal: list[tuple[MutableMapping[Any, Any], Any, Any]] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        """Where the next step goes."""
        return self.scopes[-1]

    @property
    def is_explicit(self) -> bool:
        """Whether the program has said its order itself, by `dag` or `set_dependencies`."""
        return bool(self.settings.get("explicit"))

    # --- changes ----------------------------------------------------------------------------

    def put(self, mapping: MutableMapping[Any, Any], key: Any, value: Any) -> None:
        """Set an entry of one of the flow's mappings."""
        self._journal.append((mapping, key, mapping.get(key, _MISSING)))
        mapping[key] = value

    def mark(self) -> "Rewind":
        """What brings the flow back to how it is now."""
        length, depth, scope = len(self._journal), len(self.scopes), self.scope
        before = {name: getattr(scope, name) for name in _OF_SCOPES}

        def rewind(*, steps_only: bool = False) -> None:
            undone, self._journal[length:] = self._journal[length:], []
            for mapping, key, old in reversed(undone):
                if steps_only and not self._is_of_steps(mapping, key):
                    self._journal.insert(length, (mapping, key, old))
                elif old is _MISSING:
                    del mapping[key]
                else:
                    mapping[key] = old
            del self.scopes[depth:]
            for name, value in before.items():
                setattr(scope, name, value)

        return rewind

    def _is_of_steps(self, mapping: object, key: Any) -> bool:
        if mapping is self._taken or mapping is self._numbers:
            return bool(key[0] == "step")
        return mapping is self._known or mapping is self.outputs or isinstance(mapping, Counter)

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Leave no trace of what fails half-way."""
        rewind = self.mark()
        try:
            yield
        except BaseException:
            rewind()
            raise

    @contextmanager
    def inside(self, scope: Scope) -> Iterator[Scope]:
        """Write into another scope for a while."""
        with self.undone_on_error():
            depth = len(self.scopes)
            self.scopes.append(scope)
            yield scope
            del self.scopes[depth:]

    def fresh(self, kind: Literal["step", "template", "workflow", "secret"], base: str) -> str:
        """`base`, or `base-2`, `base-3` … where it is taken."""
        number = self._numbers.get((kind, base), 0) + 1
        while (kind, name := base if number == 1 else f"{base}-{number}") in self._taken:
            number += 1
        self.put(self._numbers, (kind, base), number)
        self.put(self._taken, (kind, name), True)
        return name

    # --- steps ------------------------------------------------------------------------------

    def write(self, draft: Draft) -> Node:
        """Write a step after what is before it, under the conditions around it."""
        node = replace(draft.build(self.template(draft)), place=caller().place)
        return self.place(draft, node)

    def template(self, draft: Draft) -> str:
        """The template of a step: steps that differ in their arguments alone share one."""
        key = (draft.base, _essence(draft.build("")))
        if key not in self._templates:
            self.put(self._templates, key, self.fresh("template", draft.base))
        return self._templates[key]

    def place(self, draft: Draft, node: Node) -> Node:
        """Put a built node where the next step goes; in a `dag` it may be there already."""
        scope = self.scope
        with self.undone_on_error():
            identity = self._identity(draft, node)
            name = self._same(draft, identity) if self.is_explicit or scope.is_edge else None
            if name is None:
                name = self.fresh("step", draft.base)
                node = renaming({"": name}).node(replace(node, name=name))
                self.put(self._known, identity, name)
            else:
                node = scope.nodes[name]
            node = _placed(node, scope)
            self.put(scope.nodes, name, node)
            self.put(scope.drafts, name, draft)
            self.put(self.outputs, name, outputs_of(node))
        scope.frontier, scope.family = (After(name, "passed"),), None
        return node

    def _identity(self, draft: Draft, node: Node) -> tuple[str, str, int]:
        """What a step does, and how often this function of the `dag` has said so before."""
        content = (draft.base, f"{self.scope.realm} {_bare(node)!r}")
        count = self.scope.occurrences[content]
        self.put(self.scope.occurrences, content, count + 1)
        return (*content, count)

    def _same(self, draft: Draft, identity: tuple[str, str, int]) -> str | None:
        """The step that this one is already."""
        scope, known = self.scope, self._known.get(identity)
        if known in scope.nodes and (draft.is_named or scope.is_edge):
            return known
        if draft.is_named and identity[2] == 0 and draft.base in scope.nodes:
            raise fault(
                "E0733",
                f"two different steps are named `{draft.base}`",
                "give one of them another `step_name`",
            )
        return None


def _placed(node: Node, scope: Scope) -> Node:
    """A node after the scope's frontier, under its guards as well as its own."""
    guards = dict.fromkeys([*scope.guards, *([node.guard] if node.guard else [])])
    guard = all_of(tuple(guards))
    data = {*givers(node), *(output.node for output in compared(guard)), node.name}
    after = dict.fromkeys([*node.after, *(a for a in scope.frontier if a.node not in data)])
    if scope.terms and scope.terms[0] == scope.frontier:
        argo = {**node.ext.get("argo", {}), "depends": scope.terms[1]}
        node = replace(node, ext={**node.ext, "argo": argo})
    return replace(node, guard=guard, after=tuple(after))


def all_of(conditions: tuple[Condition, ...]) -> Condition | None:
    """One condition for several, flat; None for none."""
    terms: dict[Condition, None] = {}
    for condition in conditions:
        inner = condition.terms if isinstance(condition, AllOf) else (condition,)
        terms |= dict.fromkeys(inner)
    return AllOf(tuple(terms)) if len(terms) > 1 else next(iter(terms), None)


def _bare(node: Node) -> Node:
    return replace(node, name="", place=None, after=(), guard=None)


def _essence(node: Node) -> str:
    """A node without what may differ between the steps of one template."""
    inputs: Mapping[str, Any] = dict.fromkeys(node.inputs)
    files = {name: file.path for name, file in node.files.items()}
    return repr((replace(_bare(node), inputs=inputs, loop=None, files={}), files))


_FLOW: ContextVar[Flow | None] = ContextVar("couler_flow", default=None)


def current() -> Flow:
    """The workflow being written in this context; a new one where there is none."""
    flow = _FLOW.get()
    if flow is None:
        flow = Flow()
        _FLOW.set(flow)
    return flow


def forget() -> None:
    """Begin anew: what was written is gone."""
    _FLOW.set(None)


def get_step_output(step_name: str) -> StepOutputs | None:
    """The outputs of a step by its name; None where there is none."""
    return current().outputs.get(kebab(step_name))

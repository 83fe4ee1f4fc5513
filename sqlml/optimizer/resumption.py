"""Going on from an earlier run: what it has done and still stands is not done twice."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping

from sqlml.optimizer.effects import first_word
from sqlml.store.runs import Step
from sqlml.store.store import Store
from sqlml.workflow.graph import needs
from sqlml.workflow.ir import Job, Manage, Node, Query

# Statements that leave nothing in the database: they are said again on the new connection.
_SAID_AGAIN = frozenset({"ATTACH", "INSTALL", "LOAD", "PRAGMA", "RESET", "SET", "USE"})


class Resumption:
    """The steps of an earlier run that succeeded, found again by what they do.

    A step is not repeated when it succeeded there and all that it needs still stands: was itself
    not repeated, or changes nothing. What follows a BEGIN or a temporary table is repeated: the
    connection they belonged to is gone.
    """

    def __init__(self, store: Store, run: str) -> None:
        """Raises:
        ProgramError: E0508 there is no such run.
        """
        self.run = run
        self._done: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._standing: set[str] = set()
        self._changed = set(_names(store.runs.changes_of_models(run)))
        self._asked: set[str] = set()
        for step in store.runs.steps(run):
            if step.static_hash and step.outcome in ("succeeded", "reused"):
                self._done[step.static_hash].append(step)

    def has_changed(self, model: str) -> bool:
        """Whether the run itself has renamed or dropped a model, or one version of it."""
        return model.partition("@")[0].casefold() in self._changed

    def keep(self, node: Node) -> None:
        """Note that `node` is not run again for another reason."""
        self._standing.add(node.name)

    def keep_if_parts_stand(self, node: Node) -> None:
        """Note that `node` stands where all steps stand that are part of it."""
        prefix = f"{node.name}."
        parts = {name for name in self._asked if name.startswith(prefix)}
        if parts <= self._standing:
            self._standing.add(node.name)

    def find(self, node: Node, static_hash: str) -> Step | None:
        """The earlier step that makes running `node` needless; to be asked once for each node."""
        self._asked.add(node.name)
        if not all(name in self._standing for name in needs(node)):
            return None
        if _says_only(node):
            self._standing.add(node.name)
            return None
        done = self._done[static_hash]
        if not done or _belongs_to_connection(node):
            return None
        return done.popleft()


def _names(changes: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """The folded names of models that were renamed or dropped."""
    for change in changes:
        name = change.get("renamed") or change.get("dropped", "")
        yield name.partition("@")[0].casefold()


def _says_only(node: Node) -> bool:
    """Whether running the step again changes nothing, and skipping it would withhold something."""
    match node.operation:
        case Manage(action=action):
            return action != "drop"
        case Job(action=action):
            return action == "show"
        case Query(session=True) as query:
            return first_word(query) in _SAID_AGAIN
        case Query(writes=writes):
            return not writes and any(output.kind == "dataset" for output in node.outputs)
        case _:
            return False


def _belongs_to_connection(node: Node) -> bool:
    return isinstance(node.operation, Query) and node.operation.session

"""Going on from an earlier run: what it has done and still stands is not done twice."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from sqlml.optimizer.effects import first_word
from sqlml.store.runs import Step
from sqlml.store.store import Store
from sqlml.workflow.graph import needs
from sqlml.workflow.hashing import normalized_sql
from sqlml.workflow.ir import Job, Manage, Node, Query
from sqlml.workflow.transactions import is_boundary

# Statements that leave nothing in the database: they are said again on the new connection.
_SAID_AGAIN = frozenset({
    "ATTACH", "DEALLOCATE", "DETACH", "INSTALL", "LOAD", "PRAGMA", "PREPARE", "RESET", "SET", "USE",
})  # fmt: skip
_TEMPORARY = re.compile(
    r"CREATE (?:OR REPLACE )?TEMP(?:ORARY)? (?:VIEW|MACRO|FUNCTION)\b", re.IGNORECASE
)


_UNTOLD = frozenset({"running", "interrupted", "waiting"})  # outcomes that tell of no end
_REPLACES = re.compile("CREATE OR REPLACE ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Done:
    """A step, and the run that has done it."""

    step: Step
    run: str


class Resumption:
    """The steps of earlier runs that succeeded, found again by what they do.

    The earlier runs are the one that is gone on from, and those that it went on from itself: each
    has recorded what it came to, and the last may have been killed before it came to all that was
    done before. A step is not repeated when it succeeded there and all that it needs still stands:
    was itself not repeated, neither now nor by a later one of these runs, or changes nothing. The
    steps of a transaction stand together, when its end is known to be done. What
    follows a temporary table is repeated where that cannot be made again as it was: its connection
    is gone.
    """

    def __init__(self, store: Store, run: str) -> None:
        """Raises:
        ProgramError: E0508 there is no such run.
        """
        runs = store.chains.of(run)
        self.run = runs[0]
        self._ages = {run: age for age, run in enumerate(runs)}  # 0 for the latest
        self._done: defaultdict[str, list[Done]] = defaultdict(list)
        self._untold: set[str] = set()  # what a killed run may have done, and not written down
        self._standing: dict[str, float] = {}  # the ages of what is not repeated, by step
        self._changed = set(_names(store.chains.changes_of_models(run)))
        self._asked: set[str] = set()
        for earlier in reversed(runs):
            self._take_in(store.runs.steps(earlier), earlier)

    def has_done(self, static_hash: str) -> bool:
        """Whether a step has been done that does this."""
        return static_hash in self._done

    def may_have_done(self, node: Node, static_hash: Callable[[str], str]) -> bool:
        """Whether a step has been done, or was about to be when a run was killed.

        static_hash: of a step, by its name. What cannot be done twice has left a receipt.
        """
        digest = static_hash(node.name)
        if self.has_done(digest):
            return True
        query = node.operation
        if isinstance(query, Query) and not _REPLACES.match(normalized_sql(query.sql)):
            return False
        is_untold = digest in self._untold
        return is_untold and all(self.has_done(static_hash(name)) for name in needs(node))

    def shows_again(self, node: Node, static_hash: str) -> bool:
        """Whether the rows of a query that has been done are asked for again."""
        is_query = isinstance(node.operation, Query) and not node.operation.session
        return is_query and _says_only(node) and self.has_done(static_hash)

    def has_changed(self, model: str) -> bool:
        """Whether the runs have themselves renamed or dropped a model, or one version of it."""
        return model.partition("@")[0].casefold() in self._changed

    def keep(self, node: Node, run: str = "") -> None:
        """Note that `node` is not run again for another reason. run: the one that has done it."""
        self._standing[node.name] = self._age(run)

    def keep_if_parts_stand(self, node: Node) -> None:
        """Note that `node` stands where all steps stand that are part of it."""
        prefix = f"{node.name}."
        parts = {name for name in self._asked if name.startswith(prefix)}
        if parts <= self._standing.keys():
            self._standing[node.name] = min((self._standing[name] for name in parts), default=inf)

    def find(self, node: Node, static_hash: str, *, is_remade: bool = False) -> Done | None:
        """The earlier step that makes running `node` needless; to be asked once for each node.

        is_remade: it has to run, and leaves what it left before.
        """
        self._asked.add(node.name)
        before = needs(node)
        if not all(name in self._standing for name in before):
            return None
        if is_remade or _says_only(node):
            self._standing[node.name] = inf
            return None
        if _belongs_to_connection(node):
            return None
        youngest = min((self._standing[name] for name in before), default=inf)
        done = self._done.get(static_hash, [])
        found = next((one for one in done if self._age(one.run) <= youngest), None)
        if found is not None:
            done.remove(found)
        return found

    def find_transaction(self, steps: Sequence[tuple[Node, str]]) -> Mapping[str, Done]:
        """The earlier steps of a transaction that has ended, by name; empty where it has not.

        steps: all of it, with their static hashes. What says only is said again. What earlier runs
        had begun of it, and lost when they were killed, counts for nothing.
        """
        needed = [name for node, _ in steps[:1] for name in needs(node)]
        kept = [(node, digest) for node, digest in steps if not _says_only(node)]
        if not all(name in self._standing for name in needed) or any(
            _belongs_to_connection(node) and not is_boundary(node) for node, _ in kept
        ):
            return {}
        youngest = min((self._standing[name] for name in needed), default=inf)
        for ended in self._done.get(steps[-1][1], []):
            if self._age(ended.run) > youngest:
                continue
            found = {
                node.name: next((o for o in self._done.get(digest, []) if o.run == ended.run), None)
                for node, digest in kept
            }
            if all(found.values()):
                for _, digest in kept:
                    self._forget_until(ended.run, digest)
                return {name: done for name, done in found.items() if done is not None}
        return {}

    def _forget_until(self, run: str, static_hash: str) -> None:
        """Count a step once less, for a run and for each of those before it."""
        done, seen = self._done[static_hash], set[str]()
        for one in [*done]:
            if self._age(one.run) >= self._age(run) and one.run not in seen:
                seen.add(one.run)
                done.remove(one)

    def _age(self, run: str) -> float:
        """How many runs of the chain came after one; what others have done is older than all."""
        return self._ages.get(run, inf)

    def _take_in(self, steps: Iterable[Step], run: str) -> None:
        """Note what a run has done; what it has found done by an earlier one counts once."""
        for step in steps:
            if step.outcome in _UNTOLD:
                self._untold.add(step.static_hash)
            if not step.static_hash or step.outcome not in ("succeeded", "reused"):
                continue
            done = self._done[step.static_hash]
            by = step.source if step.source in self._ages else run
            if by == run or all(one.run != by for one in done):
                done.append(Done(step, by))


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
            is_definition = _TEMPORARY.match(normalized_sql(query.sql)) is not None
            return is_definition or first_word(query) in _SAID_AGAIN
        case Query(writes=writes):
            return not writes and any(output.kind == "dataset" for output in node.outputs)
        case _:
            return False


def _belongs_to_connection(node: Node) -> bool:
    return isinstance(node.operation, Query) and node.operation.session

"""Reuse: a step whose code, inputs and outputs are as an earlier run left them is not run again.

A step's key is a digest of what it does (its static hash) and of the data it meets (content
checksums of the tables it reads, digests of the models it uses). The store remembers for every key
what the step left behind. Keys are computed when a step's inputs are ready, so a step that is run
again and gives what it gave before does not make the steps behind it run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any, Literal

from sqlml.config import Settings
from sqlml.databases.database import Database
from sqlml.optimizer.aftermath import Aftermath
from sqlml.optimizer.cache.keeper import Keeper, Made
from sqlml.optimizer.effects import changes_meaning, tables_left
from sqlml.optimizer.fingerprints import Fingerprints
from sqlml.optimizer.history import operation_of, target_of
from sqlml.optimizer.leavings import content, is_repeatable, result_left
from sqlml.optimizer.reasons import made_of, why_again, why_ever, why_new
from sqlml.optimizer.resumption import Done, Resumption
from sqlml.optimizer.standing import Standing
from sqlml.optimizer.versions import versions, versions_of_use
from sqlml.store.doings import Doing
from sqlml.store.drivers import RECOVERED
from sqlml.store.store import Store
from sqlml.workflow.hashing import digest, static_hash
from sqlml.workflow.ir import Node, Query, Workflow
from sqlml.workflow.transactions import is_undone, transactions
from sqlml.zoo.steps.outcome import Outcome

# What a manifest tells of a model's training that changes nothing that the model does. Its files
# are not all that does: two models with the same file may give their classes other names.
_OF_THE_TRAINING = frozenset({
    "name", "version", "created", "run", "seconds", "statement", "fingerprint", "rows",
    "validation_rows", "base", "metrics", "history", "bytes", "aliases", "tags", "trials", "facts",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reused:
    """What an earlier run left behind for a step. result: the Arrow file of its result set."""

    run: str
    outputs: Mapping[str, str]
    summary: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    result: Path | None = None


class Reuse:
    """Decides, for the steps of one workflow, what need not be run.

    resume: the run to go on from. Of its steps, those that are never reused by their key (an
    INSERT) are skipped too when they succeeded there and everything before them still stands.
    """

    def __init__(
        self,
        workflow: Workflow,
        database: Database,
        store: Store,
        settings: Settings,
        *,
        resume: str | None = None,
        runs: bool = True,
    ) -> None:
        """runs: it is for a run, and not to tell what one would do.

        Raises:
            ProgramError: E0508 there is no run `resume`.
        """
        self._store = store
        self._keeper = Keeper(workflow, store, settings.cache_policy, settings.cache_size)
        self._reuses = settings.reuse
        self._by_key = settings.reuse and not any(changes_meaning(node) for node in workflow.nodes)
        self._resumption = Resumption(store, resume) if resume else None
        self.fingerprints = Fingerprints(database, workflow, fetch=runs)
        self._aftermath: Aftermath | None = None
        if self._resumption is not None:
            may_have_done = self._resumption.may_have_done
            nodes = {node.name: node for node in workflow.nodes}
            self._aftermath = Aftermath(
                workflow.nodes,
                lambda node: may_have_done(node, lambda name: self.static_hash(nodes[name])),
                self.fingerprints.is_view,
            )
        self._transactions = {
            step.name: steps for steps in transactions(workflow.nodes) for step in steps
        }
        self._ended: dict[str, Mapping[str, Done]] = {}  # their steps, by the first one's name
        self._hashes: dict[str, str] = {}
        self._keys: dict[str, str | None] = {}
        self._read: dict[str, Mapping[str, str]] = {}  # digests of what steps have met
        self._left: dict[str, Mapping[str, str | None]] = {}  # and of the tables they have left
        self._met: set[str] = set()  # steps whose key is remembered
        self._losses: dict[str, str] = {}
        self._standing = Standing(
            workflow, store, self.fingerprints, self._resumption, self._aftermath
        )

    def static_hash(self, node: Node) -> str:
        """The digest of what a step does, without its data."""
        if node.name not in self._hashes:
            self._hashes[node.name] = static_hash(node, versions(node))
        return self._hashes[node.name]

    def can_stand(self, node: Node) -> bool:
        """Whether a step of this kind is ever reused."""
        return self._by_key and node.loop is None and is_repeatable(node)

    def done_by_parts(self, node: Node) -> None:
        """Note that `node` has ended without doing anything itself: its parts did, or nobody."""
        if self._resumption is not None:
            self._resumption.keep_if_parts_stand(node)

    def why(self, node: Node) -> str:
        """Why `node`, which was looked up, has to run as far as itself and its data are concerned.

        Empty where nothing is known against reusing it.
        """
        if not self._by_key:
            return "runs every time" if self._reuses else "runs every time: reuse is off"
        if not self.can_stand(node):
            return why_ever(node)
        last = self._store.doings.of(self.static_hash(node))
        if node.name in self._keys and self._keys[node.name] is None:
            return "what it reads can be told only when it runs"
        if node.name not in self._read:
            return "" if last else why_new(node, versions(node), self._store.doings)
        if node.name in self._met:
            return self._losses.get(node.name) or "what it made is too old"
        if last is None:
            return why_new(node, versions(node), self._store.doings)
        return why_again(node, self._read[node.name], last)

    def remark(self, node: Node) -> str:
        """What is to be told of running `node`, which was looked up; empty: nothing."""
        resumed = self._resumption
        shows_again = resumed and resumed.shows_again(node, self.static_hash(node))
        if shows_again and self._has_been_touched(node):
            return "it shows what is there now, which later steps of the run have changed"
        return self._keeper.damages.get(node.name, "")  # what was kept of it cannot be used

    def succeeded(self) -> None:
        """Note that nobody will go on with this run."""
        self._keeper.succeeded()

    def close(self) -> None:
        """Let go what the run has used; its results are read."""
        self._keeper.close()

    def key(self, node: Node) -> str:
        """The digest of what `node`, which was looked up, does and meets; empty where unknown."""
        return self._keys.get(node.name) or ""

    def fingerprint_read(self, node: Node, kind: Literal["table", "file"], name: str) -> str:
        """The digest of a source of `node` as it was looked up; empty where that is not known."""
        return self._read.get(node.name, {}).get(f"{kind} {name}", "")

    def fingerprint_left(self, node: Node, table: str) -> str:
        """The digest of a table as `node` left it; empty where that is not known."""
        return self._left.get(node.name, {}).get(table) or ""

    def lookup(
        self, node: Node, models: Mapping[str, str], parameters: Mapping[str, Any] | None = None
    ) -> Reused | None:
        """What makes running `node` needless, or None when it has to run.

        To be called when its inputs are ready; `models` has the `name@version` of its model inputs,
        `parameters` the values of those that are outputs of other steps, and the paths of files.
        """
        key = self._keys[node.name] = self._key(node, models, parameters or {})
        memory = self._store.reuse.recall(key) if key else None
        if memory is not None:
            self._met.add(node.name)
        if memory is not None and _is_too_old(node, memory.outputs):
            memory = None
        if memory is None or self._lost(node, key, memory.outputs):
            return self._find_resumed(node, is_as_before=key is None or memory is not None)
        if self._resumption is not None:
            self._resumption.keep(node, memory.run)
        content = memory.outputs
        return Reused(
            memory.run,
            content["outputs"],
            content["summary"],
            content["metrics"],
            result_left(node, content["outputs"], self._store.results),
        )

    def done_before(self, node: Node) -> Reused | None:
        """What the resumed run did, of a step whose model is not stored any more: that run itself
        has renamed or dropped it.
        """
        self._keys[node.name] = None
        return self._find_resumed(node, is_as_before=True)

    def finished(self, node: Node, run: str, outcome: Outcome, seconds: float) -> None:
        """Remember what `node` has left behind; to be called when it has succeeded.

        Files that are not worth keeping are not remembered, and with them what else it has left.
        """
        self.fingerprints.forget(node)
        key = self._keys.get(node.name)
        if key is None:
            return
        made, met = made_of(node, versions(node)), self._read.get(node.name, {})
        self._store.doings.note(
            Doing(self.static_hash(node), operation_of(node), target_of(node), node.name, made, met)
        )
        left = {table: self.fingerprints.table(table) for table in tables_left(node)}
        self._left[node.name] = left
        files = self._standing.files(node, outcome.outputs)
        if files and not self._keeper.keep(Made(node.name, run, key, seconds, files)):
            return
        memory = {
            "outputs": dict(outcome.outputs),
            "tables": left,
            "summary": outcome.summary,
            "metrics": dict(outcome.metrics),
            "time": time(),
        }
        self._store.reuse.remember(key, memory, run)

    def _find_resumed(self, node: Node, *, is_as_before: bool) -> Reused | None:
        """What the resumed run did. is_as_before: the step would meet the data it met then."""
        if self._resumption is None:
            return None
        done = self._find_in_transaction(node)
        if done is not None:
            return self._keep(node, done)
        is_remade = self._is_remade(node)
        done = self._resumption.find(node, self.static_hash(node), is_remade=is_remade)
        if done is None:
            return None
        if not (is_as_before or done.step.key == RECOVERED or self._has_been_touched(node)):
            return None
        return None if self._standing.missing(node, done.step.outputs) else self._keep(node, done)

    def _keep(self, node: Node, done: Done) -> Reused:
        assert self._resumption is not None
        self._resumption.keep(node, done.run)
        outputs = done.step.outputs
        return Reused(done.run, outputs, result=result_left(node, outputs, self._store.results))

    def _find_in_transaction(self, node: Node) -> Done | None:
        """What the resumed run did of a transaction that has ended, if all of it still stands."""
        steps = self._transactions.get(node.name)
        if steps is None or self._resumption is None:
            return None
        if steps[0].name not in self._ended:
            hashed = [(step, self.static_hash(step)) for step in steps]
            found = self._resumption.find_transaction(hashed)
            undone = is_undone(steps)
            left = [step for step in steps if not (undone and tables_left(step))]
            made = ((step, found[step.name].step.outputs) for step in left if step.name in found)
            stands = not any(self._standing.missing(step, outputs) for step, outputs in made)
            self._ended[steps[0].name] = found if stands else {}
        return self._ended[steps[0].name].get(node.name)

    def _key(
        self, node: Node, models: Mapping[str, str], parameters: Mapping[str, Any]
    ) -> str | None:
        if not self.can_stand(node):
            return None
        if node.cache is not None and node.cache.key:
            return digest({"cache": node.cache.key, "outputs": [o.name for o in node.outputs]})
        data = self.fingerprints.sources(node)
        if data is None:
            return None
        for name, reference in models.items():
            data[f"model {name}"] = self._model_digest(node, reference)
        for name, value in parameters.items():
            data[f"parameter {name}"] = content(value) if isinstance(value, Path) else digest(value)
        self._read[node.name] = data
        return digest({"static": self.static_hash(node), "data": data})

    def _lost(self, node: Node, key: str | None, memory: Mapping[str, Any]) -> str:
        """What has become of what a step has left, in words; empty: it stands, and stays so."""
        said = self._standing.changed(node, memory)
        if not said and key and self._standing.files(node, memory["outputs"]):
            is_kept = self._keeper.find(node.name, key)
            said = "" if is_kept else "what it gave is not kept any more"
        self._losses[node.name] = said
        return said

    def _has_been_touched(self, node: Node) -> bool:
        """Whether the program itself has changed what a step that it has done had met."""
        return self._aftermath is not None and self._aftermath.touches(node)

    def _is_remade(self, node: Node) -> bool:
        """Whether it is a temporary table, gone with its connection, that comes out as it was."""
        query = node.operation
        if not isinstance(query, Query) or not (query.session and tables_left(node)):
            return False
        return query.deterministic and not self._has_been_touched(node)

    def _model_digest(self, node: Node, reference: str) -> str:
        name, _, number = reference.rpartition("@")
        found = self._store.models.find(name, int(number))
        if found is None:
            return ""
        content = {k: v for k, v in found.manifest.items() if k not in _OF_THE_TRAINING}
        return digest({**content, "versions": versions_of_use(node, found.manifest)})


def _is_too_old(node: Node, memory: Mapping[str, Any]) -> bool:
    """Whether what is remembered of a step may no longer be used."""
    ttl = None if node.cache is None else node.cache.ttl
    return ttl is not None and time() - memory.get("time", 0) > ttl

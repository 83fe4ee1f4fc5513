"""Whether what a step has left is still there, as it left it; and if not, what is missing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlml.errors import StepError
from sqlml.optimizer.aftermath import Aftermath
from sqlml.optimizer.effects import moves, tables_left
from sqlml.optimizer.fingerprints import Fingerprints
from sqlml.optimizer.leavings import files_left
from sqlml.optimizer.resumption import Resumption
from sqlml.store.store import Store
from sqlml.workflow.ir import Node, OutputDeclaration, Workflow


class Standing:
    """Of one workflow. resumption, aftermath: of the run that is gone on from."""

    def __init__(
        self,
        workflow: Workflow,
        store: Store,
        fingerprints: Fingerprints,
        resumption: Resumption | None,
        aftermath: Aftermath | None,
    ) -> None:
        self._store = store
        self._fingerprints = fingerprints
        self._resumption = resumption
        self._aftermath = aftermath
        self._last_writers = {
            (output.kind, output.target.casefold()): node.name
            for node in workflow.nodes
            for output in node.outputs
        }

    def changed(self, node: Node, memory: Mapping[str, Any]) -> str:
        """What is not as the step left it, in words; empty: nothing."""
        for table, fingerprint in memory["tables"].items():
            now = self._fingerprints.table(table)
            if now is None:
                return f"table `{table}` is no longer there"
            if now != fingerprint:
                return f"table `{table}` was changed since"
        return self.missing(node, memory["outputs"])

    def missing(self, node: Node, outputs: Mapping[str, str]) -> str:
        """What is not there, or is no longer the newest version, in words; empty: nothing."""
        for table in tables_left(node):
            if not self._table_exists(node, table):
                return f"table `{table}` is no longer there"
        models = [output for output in node.outputs if output.kind == "model"]
        for output in models:
            if said := self._model(node, output, outputs):
                return said
        if not all(file.exists() for file in self.files(node, outputs)):
            return "what it gave is not kept any more"
        return ""

    def files(self, node: Node, outputs: Mapping[str, str]) -> list[Path]:
        """The files that a step has left."""
        return files_left(node, outputs, self._store.results)

    def _table_exists(self, node: Node, table: str) -> bool:
        """Whether a table that a step has left is there, or where the program has put it since."""
        if moves(node, table) or self._fingerprints.table(table) is not None:
            return True
        return self._aftermath is not None and self._aftermath.moves(node, table)

    def _model(self, node: Node, output: OutputDeclaration, outputs: Mapping[str, str]) -> str:
        reference = outputs.get("model", "")
        name, _, number = reference.rpartition("@")
        if self._resumption is not None and self._resumption.has_changed(name):
            return ""  # it is where the program has put it
        found = self._store.models.find(name, int(number)) if name else None
        if found is None:
            return f"model `{reference or output.target}` is no longer stored"
        try:
            self._store.models.verify(found)
        except StepError as error:
            return error.diagnostics[0].message
        if self._last_writers.get((output.kind, output.target.casefold())) != node.name:
            return ""
        newest = self._store.models.find(name, None)
        if newest is None or newest.number != int(number):
            return f"model `{name}` was replaced since: it had version {number}"
        return ""

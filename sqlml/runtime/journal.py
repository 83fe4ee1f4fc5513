"""Writes down what a run does, step by step, so that it can be asked about and gone on from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from time import time
from types import TracebackType
from typing import Any, Literal, Self

from sqlml.config import current
from sqlml.errors import SqlmlError, render
from sqlml.optimizer.history import operation_of, target_of
from sqlml.optimizer.reuse import Reuse
from sqlml.runtime.prepared import Prepared
from sqlml.runtime.report import RunOutcome, StepReport
from sqlml.runtime.states import has_parts
from sqlml.runtime.titles import Titles
from sqlml.store.processes import Process
from sqlml.store.runs import Attempt, Link, Step
from sqlml.store.store import Store
from sqlml.workflow.ir import Node, Query, Relation, Workflow
from sqlml.workflow.serial import thaw
from sqlml.zoo.steps.outcome import Outcome


class Journal:
    """The record of one run; a context manager. What ends without `finish` was interrupted.

    A run whose record could not be written is left as it would be if its process had been killed:
    when the database is next opened or the run gone on from, receipts tell what it has done.
    """

    def __init__(
        self,
        store: Store,
        workflow: Workflow,
        *,
        reuse: Reuse | None = None,
        program: str = "",
        resume: str | None = None,
        run: str = "",
    ) -> None:
        """run: its id, where the record of it has begun."""
        self.run = run or store.runs.start(
            workflow.name,
            program,
            author=current().author,
            resumed=store.chains.of(resume)[0] if resume else "",
            driver=Process.own(),
        )
        self._store = store
        self._runs = store.runs
        self._reuse = reuse
        self._finished = False
        self._is_lost = False
        self._models: dict[str, Mapping[str, str]] = {}
        self._titles = Titles()
        self._steps: dict[str, Step] = {}
        self.add(workflow.nodes)

    def add(self, nodes: Sequence[Node]) -> None:
        """Write down steps that are to be run."""
        self._titles.add(nodes)
        added = [self._step(node) for node in nodes]
        if not self._is_lost:
            self._runs.record(self.run, *added)

    def lose(self) -> None:
        """Write nothing more: something could not be written, and what follows would hide that."""
        self._is_lost = True

    def _step(self, node: Node) -> Step:
        known = self._steps.get(node.name)
        step = self._steps[node.name] = Step(
            name=node.name,
            number=known.number if known else len(self._steps) + 1,
            operation=operation_of(node),
            title=self._titles[node.name],
            target=target_of(node),
            place=f"{node.place.file}:{node.place.line}" if node.place else "",
            static_hash=self._static_hash(node),
        )
        return step

    def _static_hash(self, node: Node) -> str:
        """Empty for steps that others do: they are never reused by themselves."""
        return "" if self._reuse is None or has_parts(node) else self._reuse.static_hash(node)

    def group_started(self, node: Node) -> None:
        """A step begins that other steps are part of."""
        self._record(node.name, outcome="running", started=time())

    def attempt_failed(self, node: Node, number: int, report: StepReport, kind: str) -> None:
        """An attempt has failed, and another one follows."""
        if self._is_lost:
            return
        first = report.diagnostics[0] if report.diagnostics else None
        code, message = (first.code, first.message) if first else ("", report.because)
        given = self._steps[node.name].memory
        attempt = Attempt(
            number, time(), report.seconds, kind, code, message, given, report.peak_memory
        )
        self._runs.record_attempt(self.run, node.name, attempt)

    def largest_memory(self, node: Node) -> int:
        """The most bytes that earlier steps of the same type have held; 0 where there are none."""
        uses = self._runs.memory_uses(operation_of(node), target_of(node), node.name)
        return max((use.peak for use in uses), default=0)

    def step_started(self, prepared: Prepared, threads: int, memory: int) -> None:
        """A step begins in a worker. memory: the bytes it is expected to hold."""
        name = prepared.node.name
        self._models[name] = prepared.models
        self._record(
            name,
            outcome="running",
            started=time(),
            known=_known(prepared),
            threads=threads,
            memory=memory,
        )

    def step_ended(self, node: Node, report: StepReport, log: str) -> None:
        """log: what it has printed."""
        if self._is_lost:
            return
        outcome = report.outcome
        now = time()
        ran = report.status not in ("skipped", "reused")
        first = report.diagnostics[0] if report.diagnostics else None
        with self._store.transaction():
            self._record(
                node.name,
                outcome=report.status,
                started=now - report.seconds if ran else None,
                finished=now if ran else None,
                peak_memory=report.peak_memory,
                rows=outcome.rows,
                code=first.code if first else "",
                message=first.message if first else report.because,
                outputs=thaw(outcome.outputs),
                source=report.source,
                key=self._reuse.key(node) if self._reuse else "",
                log=_log_text(log, report),
            )
            if report.status == "succeeded":
                self._record_deeds(node, outcome)

    def _record_deeds(self, node: Node, outcome: Outcome) -> None:
        """What a step has measured, read and written."""
        models = self._models.get(node.name, {})
        model = outcome.outputs.get("model") or next(iter(models.values()), "")
        if outcome.metrics or outcome.history:
            self._runs.record_metrics(self.run, node.name, outcome.metrics, outcome.history, model)
        reads, writes = tuple(self._reads(node)), tuple(self._writes(node, outcome.outputs))
        if reads or writes:
            self._runs.record_lineage(self.run, node.name, reads, writes)

    def finish(self, outcome: RunOutcome) -> None:
        self._finished = True
        self._runs.finish(self.run, outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if isinstance(error, SqlmlError):
            self._store.drivers.leave(self.run)
        elif not self._finished:
            self._runs.finish(self.run, "interrupted")

    def _reads(self, node: Node) -> Iterator[Link]:
        def link(kind: Literal["table", "file"], name: str) -> Link:
            found = self._reuse.fingerprint_read(node, kind, name) if self._reuse else ""
            return Link(kind, name, found)

        sources: list[Query | Relation] = [
            value for value in node.inputs.values() if isinstance(value, Relation)
        ]
        if isinstance(node.operation, Query):
            sources.append(node.operation)
        for source in sources:
            yield from (link("table", table) for table in source.reads)
            yield from (link("file", path) for path in source.files)
        models = self._models.get(node.name, {})
        yield from (Link("model", reference) for reference in models.values())

    def _writes(self, node: Node, outputs: Mapping[str, str]) -> Iterator[Link]:
        for output in node.outputs:
            if output.kind == "model":
                yield Link("model", outputs.get(output.name, output.target))
            elif output.target and output.kind != "parameter":
                found = self._reuse.fingerprint_left(node, output.target) if self._reuse else ""
                yield Link(output.kind, output.target, found)

    def _record(self, name: str, **changes: Any) -> None:
        self._steps[name] = replace(self._steps[name], **changes)
        if not self._is_lost:
            self._runs.change(self.run, name, changes)


def _known(prepared: Prepared) -> dict[str, Any]:
    """What was known before the step ran, for later ones to be sized by."""
    facts, arguments = prepared.facts, prepared.call.arguments
    attributes: dict[str, Any] = {}
    for group in ("parameters", "settings"):
        values = arguments.get(group)
        if isinstance(values, Mapping):
            attributes |= thaw(values)
    return {
        "rows": facts.rows,
        "columns": facts.columns,
        "bytes": facts.bytes,
        "attributes": attributes,
    }


def _log_text(log: str, report: StepReport) -> str:
    return "\n".join([log, *(render(diagnostic) for diagnostic in report.diagnostics)]).lstrip()

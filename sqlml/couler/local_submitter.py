"""Runs workflows here, without a cluster."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlml.couler.secrets import Secret
from sqlml.errors import StepError
from sqlml.runtime import local
from sqlml.runtime.events import Listener
from sqlml.runtime.report import RunReport
from sqlml.session import Session
from sqlml.workflow.ir import Workflow


class LocalSubmitter:
    """Runs each step as a process or container of this machine.

    db: the database whose store keeps the run, as of `sqlml run`. listeners: hear of its events.
    """

    def __init__(
        self, db: str | Path | None = None, listeners: Iterable[Listener] = (), **settings: Any
    ) -> None:
        self._settings = {"db": None if db is None else str(db), **settings}
        self._listeners: Sequence[Listener] = tuple(listeners)

    def submit_workflow(self, workflow: Workflow, _secrets: Mapping[str, Secret]) -> RunReport:
        """Run it to its end, and tell how every step ended.

        Raises:
            StepError: a step failed; those that do not need it have run.
        """
        with Session.open(**self._settings) as session:
            report = local.run(
                workflow,
                session.database,
                session.store,
                listeners=self._listeners,
                on_error=session.settings.on_error,
                threads=session.settings.threads or None,
            )
        if report.diagnostics:
            raise StepError(*report.diagnostics)
        return report

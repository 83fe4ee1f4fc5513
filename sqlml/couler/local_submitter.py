"""Runs workflows here, without a cluster."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlml.couler.secrets import Secret
from sqlml.errors import StepError
from sqlml.workflow.ir import SecretKey, Workflow

if TYPE_CHECKING:
    from sqlml.runtime.events import Listener
    from sqlml.runtime.report import RunReport


class LocalSubmitter:
    """Runs each step in a container of this machine, or as a process of it.

    db: the database whose store keeps the run, as of `sqlml run`. listeners: hear of its events.
    settings: as in sqlml.toml; with `containers="process"`, images are not needed.
    """

    def __init__(
        self, db: str | Path | None = None, listeners: "Iterable[Listener]" = (), **settings: Any
    ) -> None:
        self._settings = {"db": None if db is None else str(db), **settings}
        self._listeners = tuple(listeners)

    def submit_workflow(self, workflow: Workflow, secrets: Mapping[str, Secret]) -> "RunReport":
        """Run it to its end, and tell how every step ended.

        Raises:
            ProgramError: this machine lacks what a step needs; nothing has run.
            StepError: a step failed; those that do not need it have run.
        """
        from sqlml.runtime.programs.means import Means
        from sqlml.session import Session

        with Session.open(**self._settings) as session:
            settings = session.settings
            environment = {**os.environ, **_values(secrets.values())}
            means = Means(settings.containers, settings.secrets, environment)
            execution = session.execute_workflow(workflow, self._listeners, means=means)
        report = execution.report
        if report.diagnostics:
            raise StepError(*report.diagnostics)
        return report


def _values(secrets: Iterable[Secret]) -> dict[str, str]:
    """The values of secrets, as the variables in which steps are given them."""
    from sqlml.workflow.secrets import variable

    return {
        variable(SecretKey(secret.name, key)): value
        for secret in secrets
        for key, value in (secret.data or {}).items()
    }

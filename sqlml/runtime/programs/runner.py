"""Runs the steps of a run that are programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlml.runtime.call import StepCall
from sqlml.runtime.programs.check import volumes_of
from sqlml.runtime.programs.means import Means
from sqlml.runtime.programs.processes import Processes
from sqlml.runtime.programs.volumes import Places
from sqlml.store.store import Store
from sqlml.workflow.ir import Node, Run, SecretKey, Workflow
from sqlml.workflow.operations import PROGRAMS
from sqlml.zoo.steps.outcome import Outcome

if TYPE_CHECKING:
    from sqlml.runtime.context import DriverContext
    from sqlml.runtime.programs.job import Done, Job

_SHORTEST = 4  # characters of a secret that is hidden wherever it is printed


def is_program(node: Node) -> bool:
    """Whether a step is none of SQL's, but a program or the like."""
    return isinstance(node.operation, PROGRAMS)


class Programs:
    """All that the programs of a run share. Steps may be run and stopped in different threads."""

    def __init__(
        self, workflow: Workflow, store: Store, run: str, means: Means, scratch: Path
    ) -> None:
        """scratch: a folder that is removed after the run."""
        self.processes = Processes()
        self._means = means
        self._store = store
        self._run = run
        self._volumes = volumes_of(workflow)
        lasting, of_run = store.folder / "volumes", scratch / "volumes"
        self._places = Places(lasting.absolute(), of_run.absolute())
        self._secrets: set[str] = set()

    def run(
        self,
        node: Node,
        values: Mapping[str, Any],
        files: Mapping[str, Path],
        context: "DriverContext",
        log: Path,
    ) -> "Done":
        """Run a step to its end. values: of its inputs. files: what others have left for it.

        Raises:
            StepFailure, StepError: it failed. Interrupted: it was stopped.
        """
        from sqlml.runtime.programs.runners import RUNNERS

        return RUNNERS[type(node.operation)](self._job(node, values, files, context, log))

    def has_container(self, node: Node) -> bool:
        """Whether a step runs the image that TO RUN names, in a container."""
        operation = node.operation
        in_image = isinstance(operation, Run) and operation.in_image
        return in_image and not self._means.runs_images_as_processes

    def run_image(self, node: Node, call: StepCall, context: "DriverContext", log: Path) -> Outcome:
        """Run the image that TO RUN names.

        Raises:
            StepFailure, StepError: it failed. Interrupted: it was stopped.
        """
        from sqlml.runtime.programs import image

        relation = call.settled(context.settle).rows["rows"]
        rows = context.rows(relation.sql, stable=relation.stable)
        return image.run(self._job(node, {}, {}, context, log), context, rows)

    def _job(
        self,
        node: Node,
        values: Mapping[str, Any],
        files: Mapping[str, Path],
        context: "DriverContext",
        log: Path,
    ) -> "Job":
        from sqlml.runtime.programs.job import Job

        references = [value for value in node.env.values() if isinstance(value, SecretKey)]
        self._secrets.update(filter(None, map(self._means.secret, references)))
        return Job(
            node=node,
            values=values,
            files=files,
            folder=context.folder.absolute(),
            log=log,
            threads=context.threads,
            lasting=context.lasting,
            note=context.note,
            means=self._means,
            processes=self.processes,
            volumes=self._volumes,
            places=self._places,
            wait=self._store.waits.find(self._run, node.name),
        )

    @property
    def limits_memory(self) -> bool:
        return self._means.limits_memory

    def limit(self, node: Node) -> int | None:
        """The bytes that a step may hold; None: as many as there are."""
        return node.resources.memory if self._means.limits_memory else None

    def masked(self, text: str) -> str:
        """A text in which the values of secrets are not shown."""
        for secret in self._secrets:
            if len(secret) >= _SHORTEST:
                text = text.replace(secret, "***")
        return text

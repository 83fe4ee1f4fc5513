"""What is asked of an engine whose runs are objects of a Kubernetes cluster."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlml.runtime.cluster.api import Cluster, Object
from sqlml.runtime.handed.run import End, StepStatus
from sqlml.workflow.ir import Workflow


@dataclass(frozen=True, slots=True)
class Look:
    """A run at one moment. steps: those that have begun, or never will, by name. pods: the names of
    a step's pods on the cluster, without those that are gone."""

    steps: Mapping[str, StepStatus]
    pods: Callable[[StepStatus], Sequence[str]]


class ClusterEngine(Protocol):
    """kind: of the objects that are one run each. schedule: the kinds of those that start runs at
    given times, the last of which says when. stop: what is merged into a run's `spec` so that it
    stops, its steps on exit still run. container: of a pod, the one that does the step.
    """

    kind: str
    schedule: Sequence[str]
    stop: Mapping[str, str]
    container: str

    def refresh(self, run: Object) -> int:
        """Seconds after which a run is looked at again, though it has not changed itself."""
        ...

    def whole(self, run: Object, objects: Sequence[Object]) -> Object:
        """A run with what goes into it of the other objects that were written with it."""
        ...

    def prepare(self, cluster: Cluster, objects: Sequence[Object]) -> None:
        """Make those objects that a run needs before it begins, where they are not there.

        Raises:
            ProgramError: E0776 somebody else has one of that name; and what a cluster raises.
        """
        ...

    def end(self, run: Object) -> End | None:
        """How a run has ended; None as long as it goes on."""
        ...

    def waiting(self, run: Object) -> Mapping[str, Sequence[str]]:
        """By name, the steps that wait for a person, and what the engine calls them inside."""
        ...

    def children(self, cluster: Cluster, run: Object) -> Sequence[Object]:
        """The runs of its parts that are objects of their own, and have not ended."""
        ...

    def released(self, run: Object, ids: Sequence[str]) -> Object:
        """What is merged into a run so that those of its waiting steps go on."""
        ...

    def look(self, cluster: Cluster, run: Object, workflow: Workflow) -> Look:
        """What has become of the steps of a run. workflow: the run's, as far as it is known."""
        ...

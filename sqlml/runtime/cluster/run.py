"""A run on a cluster, and how workflows are handed to one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.cluster import submit
from sqlml.runtime.cluster.api import Cluster, Object, Resource
from sqlml.runtime.cluster.engine import ClusterEngine
from sqlml.runtime.cluster.kubeconfig import access
from sqlml.runtime.cluster.submit import Submission
from sqlml.runtime.handed.run import Moment, StepStatus, Tell
from sqlml.store.placements import Placement
from sqlml.workflow.ir import Json, Workflow

_MOST_PODS = 20  # whose logs are read, of one step


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """The object of a cluster that is a run. inside: its uid, where it has just been submitted."""

    cluster: Cluster
    engine: ClusterEngine
    run: str
    resource: Resource
    name: str
    inside: str = ""
    where: str = "the cluster"

    @property
    def title(self) -> str:
        return f"{self.resource.plural}/{self.name}"

    def moments(self, workflow: Workflow) -> Iterator[Moment]:
        for state in self.cluster.states(self.resource, self.name, self.engine.refresh):
            yield self._moment(state, workflow)

    def stop(self) -> bool:
        return submit.cancel(self.cluster, self.engine, self.resource, self.name)

    def resume(self, choose: Callable[[Sequence[str]], Sequence[str]]) -> Sequence[str]:
        return submit.resume(self.cluster, self.engine, self.resource, self.name, choose)

    def _moment(self, state: Object, workflow: Workflow) -> Moment:
        look = self.engine.look(self.cluster, state, workflow)

        def log(_name: str, step: StepStatus) -> str:
            pods = look.pods(step)[-_MOST_PODS:]
            logs = (self.cluster.log(pod, self.engine.container).rstrip() for pod in pods)
            return "\n".join(filter(None, logs))

        return Moment(look.steps, log, self.engine.end(state))


@dataclass(frozen=True, slots=True)
class _Offer:
    """objects: all that an engine has written. manifest: of them, the run."""

    cluster: Cluster
    engine: ClusterEngine
    name: str
    objects: Sequence[Object]
    manifest: Object

    def place(self, run: str) -> Placement:
        made = submit.named(self.manifest, run)
        namespace, kind, name = self.cluster.namespace, made["kind"], made["metadata"]["name"]
        return Placement(run, self.name, namespace, made["apiVersion"], kind, name)

    def find(self, run: str) -> ClusterRun | None:
        found = submit.submitted(self.cluster, submit.named(self.manifest, run), run)
        return None if found is None else self._run(found)

    def submit(self, run: str, _tell: Tell) -> ClusterRun:
        self.engine.prepare(self.cluster, self.objects)
        return self._run(submit.submit(self.cluster, submit.named(self.manifest, run), run))

    def _run(self, made: Submission) -> ClusterRun:
        uid = str(made.answer["metadata"]["uid"])
        return ClusterRun(self.cluster, self.engine, made.run, made.resource, made.name, uid)


@dataclass(frozen=True, slots=True)
class ClusterSubmitter:
    """Hands workflows to the cluster of the kubeconfig. name: of the engine."""

    name: str
    engine: ClusterEngine
    takes_values = False

    def offer(
        self,
        files: Mapping[str, str],
        settings: Mapping[str, str],
        namespace: str,
        values: Mapping[str, Json],
    ) -> _Offer:
        objects = objects_of(files)
        manifest = self.engine.whole(the(self.engine.kind, objects), objects)
        return _Offer(Cluster(access(namespace)), self.engine, self.name, objects, manifest)

    def find(self, placement: Placement) -> ClusterRun:
        resource = Resource.of({"apiVersion": placement.api_version, "kind": placement.kind})
        cluster = Cluster(access(placement.namespace))
        return ClusterRun(cluster, self.engine, placement.run, resource, placement.name)


def objects_of(files: Mapping[str, str]) -> Sequence[Object]:
    """The objects of Kubernetes that an engine's files describe."""
    import yaml

    return [dict(each) for text in files.values() for each in yaml.safe_load_all(text)]


def the(kind: str, objects: Sequence[Object]) -> Object:
    """The object of that kind.

    Raises:
        ProgramError: E0780, something else was written.
    """
    for each in objects:
        if each["kind"] == kind:
            return each
    message = f"a {objects[0]['kind']} was written, and a {kind} is needed here"
    hint = "`sqlml run` runs a program now, `sqlml schedule` again and again"
    raise ProgramError(Diagnostic("E0780", message, hint=hint))

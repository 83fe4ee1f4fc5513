"""A Kubernetes cluster: the few calls that running a workflow there takes.

A call that the cluster is too busy for, or whose answer is lost, is made again. What is made has a
name of ours, and so is there once, however often it was asked for.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlml.errors import ProgramError
from sqlml.runtime.cluster.kubeconfig import Access
from sqlml.runtime.cluster.refusals import (
    Conflict,
    Missing,
    Place,
    meant,
    refused,
    seconds_asked,
    unreachable,
)
from sqlml.runtime.handed.patience import BUSY, Caller, Patience, Unanswered, pause_after

Object = Mapping[str, Any]

_KEPT = {  # as the client calls them
    "Secret": "secret",
    "ConfigMap": "config_map",
    "ServiceAccount": "service_account",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of objects, as a path of the interface names it."""

    group: str
    version: str
    plural: str

    @classmethod
    def of(cls, manifest: Object) -> Self:
        group, _, version = manifest["apiVersion"].partition("/")
        return cls(group, version, f"{manifest['kind'].lower()}s")

    @property
    def title(self) -> str:
        return f"{self.plural}.{self.group}"


class Cluster:
    """A namespace of a cluster.

    Every method raises ProgramError: E0771 the cluster does not answer, E0772 it does not know the
    user, or does not let them; E0773 there is no such namespace or kind of object; E0775 it refuses
    what it was given.
    """

    def __init__(
        self,
        access: Access,
        patience: Patience | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from kubernetes import client, watch

        self.namespace = access.namespace
        self._host = access.client.configuration.host
        self._objects = client.CustomObjectsApi(access.client)
        merging = ("Content-Type", "application/merge-patch+json")  # what clients send differs
        self._merges = client.CustomObjectsApi(
            client.ApiClient(access.client.configuration, *merging)
        )
        self._core = client.CoreV1Api(access.client)
        self._watch = watch.Watch
        self._errors = client.ApiException
        self._caller = Caller(patience, sleep=sleep, clock=clock)

    def create(self, manifest: Object) -> Object | None:
        """Make an object; None where one of its name is there already."""
        resource = Resource.of(manifest)
        try:
            made: Object = self._call(
                self._objects.create_namespaced_custom_object,
                *self._path(resource),
                dict(manifest),
                field_validation="Strict",
                place=self._place("create", resource),
            )
        except Conflict:
            return None
        return made

    def get(self, resource: Resource, name: str) -> Object | None:
        """An object as it is now; None where there is none of that name."""
        return self._look(resource, name)[0]

    def states(
        self, resource: Resource, name: str, refresh: Callable[[Object], int] = lambda _: 60
    ) -> Iterator[Object]:
        """An object now, and again whenever it changes, until it is not there any more.

        A watch that breaks off, or whose version is too old for the cluster, begins with a look.
        refresh: seconds after which there is one in any case.
        """
        fruitless = 0
        while True:
            found, version = self._look(resource, name)
            if found is None:
                return
            yield found
            began, is_empty = self._caller.clock(), True
            lasting = refresh(found)
            for change in self._changes(resource, name, version, lasting):
                is_empty = False
                yield change
            is_short = self._caller.clock() - began < lasting / 2
            fruitless = fruitless + 1 if is_empty and is_short else 0
            if fruitless:
                self._caller.sleep(pause_after(fruitless))

    def merge(self, resource: Resource, name: str, version: str, changes: Object) -> bool:
        """Merge changes into an object; False where it is of another version by now."""
        changed = {**changes, "metadata": {"resourceVersion": version}}
        try:
            self._call(
                self._merges.patch_namespaced_custom_object,
                *self._path(resource),
                name,
                changed,
                place=self._place("patch", resource),
            )
        except Conflict:
            return False
        return True

    def delete(self, resource: Resource, name: str, **options: Any) -> Object | None:
        """Delete an object; None where there is none of that name."""
        try:
            answer: Object = self._call(
                self._objects.delete_namespaced_custom_object,
                *self._path(resource),
                name,
                place=self._place("delete", resource),
                **options,
            )
        except Missing:
            return None
        return answer

    def keep(self, manifest: Object) -> bool:
        """Make a Secret, a ConfigMap or a ServiceAccount; False where one of its name is there."""
        kind = manifest["kind"]
        try:
            self._call(
                getattr(self._core, f"create_namespaced_{_KEPT[kind]}"),
                self.namespace,
                dict(manifest),
                place=self._place("create", Resource("", "v1", f"{kind.lower()}s")),
            )
        except Conflict:
            return False
        return True

    def kept(self, kind: str, name: str) -> Mapping[str, str]:
        """The data of a Secret, in Base64, or of a ConfigMap; nothing where it cannot be had."""
        try:
            found = self._call(
                getattr(self._core, f"read_namespaced_{_KEPT[kind]}"),
                name,
                self.namespace,
                place=self._place("get", Resource("", "v1", f"{kind.lower()}s")),
            )
        except Missing:
            return {}
        return found.data or {}

    def list(self, resource: Resource, labels: str) -> Sequence[Object]:
        """The objects of a kind with such labels."""
        listed = self._call(
            self._objects.list_namespaced_custom_object,
            *self._path(resource),
            label_selector=labels,
            place=self._place("list", resource),
        )
        found: Sequence[Object] = listed["items"]
        return found

    def pods(self, labels: str) -> Iterator[Object]:
        """The metadata of the pods with such labels: `name`, `annotations`."""
        listed = self._call(
            self._core.list_namespaced_pod,
            self.namespace,
            label_selector=labels,
            place=self._place("list", Resource("", "v1", "pods")),
        )
        for pod in listed.items:
            yield {"name": pod.metadata.name, "annotations": pod.metadata.annotations or {}}

    def log(self, pod: str, container: str) -> str:
        """What a pod has printed; nothing where it is gone, or has not begun."""
        try:
            answer = self._call(
                self._core.read_namespaced_pod_log,
                pod,
                self.namespace,
                container=container,
                _preload_content=False,
                place=self._place("get", Resource("", "v1", "pods/log")),
                read=lambda answer: answer.data,
            )
        except (Missing, ProgramError):
            return ""
        return bytes(answer).decode("utf-8", "replace")

    # --- how calls are made ---

    def _look(self, resource: Resource, name: str) -> tuple[Object | None, str]:
        """An object as it is now, and the version of all that is known, to watch from."""
        listed = self._call(
            self._objects.list_namespaced_custom_object,
            *self._path(resource),
            field_selector=f"metadata.name={name}",
            place=self._place("list", resource),
        )
        named = (each for each in listed["items"] if each["metadata"]["name"] == name)
        return next(named, None), listed.get("metadata", {}).get("resourceVersion", "")

    def _changes(
        self, resource: Resource, name: str, version: str, lasting: int
    ) -> Iterator[Object]:
        """An object whenever it changes, as long as one watch lasts."""
        from urllib3.exceptions import HTTPError

        patience = self._caller.patience
        events = self._watch().stream(
            self._objects.list_namespaced_custom_object,
            *self._path(resource),
            field_selector=f"metadata.name={name}",
            resource_version=version,
            timeout_seconds=lasting,
            _request_timeout=(patience.connect, patience.answer + lasting),
        )
        try:
            for event in events:
                if event is None or event["type"] == "DELETED":
                    return
                if event["object"]["metadata"]["name"] == name:
                    yield event["object"]
        except self._errors as error:
            if error.status not in {*BUSY, 410}:
                raise refused(error, self._place("watch", resource)) from error
        except HTTPError:
            return

    def _call(
        self,
        do: Callable[..., Any],
        *arguments: Any,
        place: Place,
        read: Callable[[Any], Any] = lambda answer: answer,
        **options: Any,
    ) -> Any:
        """Call, and call again where nothing is known of the call or the cluster is busy."""
        from urllib3.exceptions import HTTPError

        timeouts = (self._caller.patience.connect, self._caller.patience.answer)

        def once() -> Any:
            try:
                answer = do(*arguments, _request_timeout=timeouts, **options)
                status = getattr(answer, "status", 200)
                if isinstance(status, int) and status >= 300:  # an answer not yet read
                    raise self._errors(http_resp=answer)
                return read(answer)
            except self._errors as error:
                if error.status in BUSY:
                    raise Unanswered(error, seconds_asked(error)) from error
                raise meant(error, place) from error
            except HTTPError as error:
                raise Unanswered(error) from error

        return self._caller.call(once, lambda reason, n: unreachable(self._host, reason, n))

    def _path(self, resource: Resource) -> tuple[str, str, str, str]:
        return resource.group, resource.version, self.namespace, resource.plural

    def _place(self, verb: str, resource: Resource) -> Place:
        return Place(verb, resource.title.rstrip("."), self.namespace, self._host)

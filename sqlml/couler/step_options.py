"""What containers, scripts and jobs have in common: the options of a call, as parts of a node."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlml.couler.arguments import Arguments, arguments_of, environment_of
from sqlml.couler.artifacts import Artifact, declared
from sqlml.couler.flow import Draft, current
from sqlml.couler.outputs import StepOutputs, outputs_of
from sqlml.couler.pods import Cache, VolumeMount
from sqlml.couler.secrets import secret_environment
from sqlml.couler.workflow_settings import add_volume
from sqlml.workflow.ir import (
    Backoff,
    Container,
    Mount,
    Node,
    OutputDeclaration,
    Placement,
    Retry,
    Script,
)
from sqlml.workflow.ir import Cache as StepCache
from sqlml.workflow.places import caller, fault, kebab
from sqlml.workflow.quantities import resources_of, seconds, timeout_of

Pull = Literal["", "Always", "IfNotPresent", "Never"]
Action = Literal["get", "create", "apply", "replace", "patch", "delete"]
Build = Callable[[str, Arguments], Container | Script]

_STANDARD = OutputDeclaration("result", "parameter")


@dataclass(frozen=True, slots=True)
class Options:
    """What containers and scripts have in common, as the user gave it."""

    args: Any
    output: Any
    input: Any
    env: Any
    secret: Any
    resources: Any
    timeout: Any
    retry: Any
    step_name: str | None
    pool: Any
    enable_ulogfs: bool
    volume_mounts: Any
    node_selector: Any
    volumes: Any
    cache: Any
    daemon: bool = False

    def write(self, kind: str, build: Build, *, is_called: bool = False) -> StepOutputs:
        """Write the step and give its outputs.

        kind: its name where nothing else names it. is_called: it is a function that is called with
        the arguments.
        """
        flow = current()
        with flow.undone_on_error():
            found = arguments_of(self.args, self.input, flow.scope.passed_on)
            env = environment_of(self.env, secret_environment(self.secret))
            outputs = declared(_artifacts(self.output))
            for volume in listed(self.volumes):
                add_volume(volume)
            base = Node(
                "",
                build("", found),
                outputs=(*outputs, _STANDARD) if kind == "script" or not outputs else outputs,
                after=found.after,
                files=found.files,
                resources=resources_of(self.resources),
                mounts=tuple(_mount(mount) for mount in listed(self.volume_mounts)),
                placement=Placement(_labels(self.node_selector)),
                retry=retry_of(self.retry),
                timeout=timeout_of(self.timeout),
                cache=cache_of(self.cache),
                ext=extras_of(self.output, outputs, self.cache, self.daemon),
            )

            def built(template: str) -> Node:
                return replace(
                    base,
                    operation=build(template, found),
                    inputs={**found.inputs(template, as_json=is_called), **env.inputs(template)},
                    env={**env.texts(template), **(found.variables(template) if is_called else {})},
                    template=template,
                )

            node = flow.write(draft_of(self.step_name, kind, built))
            flow.put(flow.pools, node.template, (self.pool, self.enable_ulogfs))
            return outputs_of(node)


def draft_of(step_name: str | None, kind: str, build: Callable[[str], Node]) -> Draft:
    if step_name is not None and not (isinstance(step_name, str) and step_name.strip()):
        raise fault("E0730", f"`step_name` must be a text, not {step_name!r:.60}")
    base = step_name or caller().function or kind
    return Draft(kebab(base), step_name is not None, build)


def listed(given: Any) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, list | tuple) else [given]


def _artifacts(output: Any) -> list[Artifact]:
    artifacts = listed(output)
    if wrong := [one for one in artifacts if not isinstance(one, Artifact)]:
        raise fault(
            "E0730",
            f"an output cannot be {wrong[0]!r:.60}",
            "make it with `create_parameter_artifact(path)` or one of its kin",
        )
    return artifacts


def extras_of(
    output: Any, outputs: tuple[OutputDeclaration, ...], cache: Any, is_daemon: bool = False
) -> dict[str, dict[str, Any]]:
    """What only Argo knows: global outputs, the name of a cache, scripts that are daemons."""
    pairs = zip(_artifacts(output), outputs, strict=True)
    names = tuple(told.name for artifact, told in pairs if artifact.is_global)
    extras: dict[str, Any] = {"global_outputs": names} if names else {}
    if isinstance(cache, Cache) and cache.name:
        extras["cache_name"] = cache.name
    if is_daemon:
        extras["daemon"] = True
    return {"argo": extras} if extras else {}


def _mount(mount: Any) -> Mount:
    if not isinstance(mount, VolumeMount):
        raise fault(
            "E0730",
            f"a mount cannot be {mount!r:.60}",
            'make it with `VolumeMount("data", "/data")`',
        )
    return Mount(mount.name, mount.mount_path, mount.read_only, mount.sub_path)


def _labels(selector: Any) -> dict[str, str]:
    if selector is not None and not isinstance(selector, Mapping):
        raise fault("E0730", f"`node_selector` must be a dict, not {selector!r:.60}")
    return {str(key): str(value) for key, value in (selector or {}).items()}


def retry_of(retry: Any) -> Retry | None:
    if retry is None:
        return None
    if isinstance(retry, bool) or not isinstance(retry, int) or retry < 0:
        raise fault("E0730", f"`retry` must be a whole number, not {retry!r:.60}")
    return Retry(retry, ("any",), Backoff(0.0, 1.0)) if retry else None


def cache_of(cache: Any) -> StepCache | None:
    if cache is None:
        return None
    if not isinstance(cache, Cache):
        raise fault(
            "E0730", f"`cache` cannot be {cache!r:.60}", 'make it with `Cache("name", "key", "1h")`'
        )
    age = seconds("max_age", cache.max_age)
    return StepCache(cache.key, None if age is None else round(age))

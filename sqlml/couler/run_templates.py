"""The steps of a workflow: a container, a script, an object of the cluster."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, get_args

from sqlml.couler.arguments import Arguments, arguments_of, environment_of
from sqlml.couler.constants import ImagePullPolicy
from sqlml.couler.flow import current
from sqlml.couler.manifests import manifest_text
from sqlml.couler.outputs import LoopItem, StepOutput, StepOutputs, checked, outputs_of
from sqlml.couler.pods import Cache
from sqlml.couler.step_options import Options, cache_of, draft_of, extras_of, listed, retry_of
from sqlml.workflow.functions import parameters_of, script_of
from sqlml.workflow.ir import (
    Container,
    Input,
    Node,
    OutputDeclaration,
    Resource,
    Script,
    Text,
)
from sqlml.workflow.places import fault
from sqlml.workflow.quantities import timeout_of

Pull = Literal["", "Always", "IfNotPresent", "Never"]
Action = Literal["get", "create", "apply", "replace", "patch", "delete"]
Build = Callable[[str, Arguments], Container | Script]

_STANDARD = OutputDeclaration("result", "parameter")


def run_container(  # noqa: PLR0917
    image: str,
    command: Any = None,
    args: Any = None,
    output: Any = None,
    input: Any = None,
    env: Mapping[str, Any] | None = None,
    secret: str | None = None,
    resources: Mapping[str, Any] | str | None = None,
    timeout: Any = None,
    retry: int | None = None,
    step_name: str | None = None,
    image_pull_policy: Any = None,
    pool: Any = None,
    enable_ulogfs: bool = True,
    daemon: bool = False,
    volume_mounts: Any = None,
    working_dir: str | None = None,
    node_selector: Mapping[str, str] | None = None,
    volumes: Any = None,
    cache: Cache | None = None,
) -> StepOutputs:
    """Run an image. Without `output`, what it prints is its output.

    args: text, numbers, and outputs of other steps, which makes them come before. output, input:
    artifacts that it writes and finds. secret: the name of one, whose values become variables.
    timeout: seconds. retry: how often to try again.
    """
    pull = _pull(image_pull_policy)
    words = _words(command)
    _check_image(image)

    def build(template: str, given: Arguments) -> Container:
        texts = given.texts(template)
        return Container(image, words, texts, working_dir or "", pull, bool(daemon))

    options = Options(
        args, output, input, env, secret, resources, timeout, retry, step_name, pool,
        enable_ulogfs, volume_mounts, node_selector, volumes, cache,
    )  # fmt: skip
    return options.write("container", build)


def run_script(  # noqa: PLR0917
    image: str,
    command: Any = None,
    source: Callable[..., Any] | str | None = None,
    args: Any = None,
    output: Any = None,
    input: Any = None,
    env: Mapping[str, Any] | None = None,
    secret: str | None = None,
    resources: Mapping[str, Any] | str | None = None,
    timeout: Any = None,
    retry: int | None = None,
    step_name: str | None = None,
    image_pull_policy: Any = None,
    pool: Any = None,
    enable_ulogfs: bool = True,
    daemon: bool = False,
    volume_mounts: Any = None,
    working_dir: str | None = None,
    node_selector: Mapping[str, str] | None = None,
    volumes: Any = None,
    cache: Cache | None = None,
) -> StepOutputs:
    """Run a Python function, or a text with the interpreter `command`, in an image.

    source: a function travels as its text, so it has to import and define inside what it uses; with
    `args`, it is called with them. The last output is what the script prints. The rest is as for
    `run_container`.
    """
    pull = _pull(image_pull_policy)
    words = _words(command) or ("python",)
    _check_image(image)
    text, is_called = _source(source, args)

    def build(template: str, given: Arguments) -> Script:
        texts = () if is_called else given.texts(template)
        return Script(text, image, words, texts, working_dir or "", pull)

    options = Options(
        args, output, input, env, secret, resources, timeout, retry, step_name, pool,
        enable_ulogfs, volume_mounts, node_selector, volumes, cache, bool(daemon),
    )  # fmt: skip
    return options.write("script", build, is_called=is_called)


def run_job(  # noqa: PLR0917
    manifest: Any,
    success_condition: str | None = None,
    failure_condition: str | None = None,
    timeout: Any = None,
    retry: int | None = None,
    step_name: str | None = None,
    pool: Any = None,
    env: Mapping[str, Any] | None = None,
    action: Action = "create",
    set_owner_reference: bool = True,
    cache: Cache | None = None,
) -> StepOutputs:
    """Make an object of the cluster from its manifest, and wait until one of the conditions holds.

    manifest: its YAML or JSON, or a dict. env: goes to its `spec.env`; outputs of other steps are
    put in. action: what else to do with it. set_owner_reference: it goes when the run is deleted.
    """
    if not manifest:
        raise fault("E0739", "the manifest is empty", "give the object's YAML, or a dict")
    if action not in get_args(Action):
        known = ", ".join(get_args(Action))
        raise fault("E0739", f"`action` cannot be {action!r:.60}", f"it is one of {known}")
    flow = current()
    variables = dict(env or {})
    if env is not None:
        passed = enumerate(flow.scope.passed_on)
        variables |= {f"couler.inferred_outputs.{i}": [output] for i, output in passed}
    environment = environment_of(variables, {})
    return write_job(
        partial(manifest_text, manifest, environment),
        environment.inputs,
        conditions=(success_condition or "", failure_condition or ""),
        timeout=timeout,
        retry=retry,
        step_name=step_name,
        action=action,
        is_owned=bool(set_owner_reference),
        cache=cache,
        pool=pool,
    )


def write_job(
    text: Callable[[str], Text],
    inputs: Callable[[str], Mapping[str, Input]],
    *,
    conditions: tuple[str, str],
    timeout: Any = None,
    retry: Any = None,
    step_name: str | None = None,
    action: Action = "create",
    is_owned: bool = True,
    cache: Cache | None = None,
    pool: Any = None,
) -> StepOutputs:
    """Write a step that makes an object. text, inputs: its manifest, for a template."""
    outputs = (
        OutputDeclaration("job-id", "parameter", path="{.metadata.uid}"),
        OutputDeclaration("job-name", "parameter", path="{.metadata.name}"),
        OutputDeclaration("job-obj", "parameter", path="{}", type="json"),
    )

    def build(template: str) -> Node:
        return Node(
            "",
            Resource(text(template), action, *conditions, is_owned),
            inputs(template),
            outputs,
            retry=retry_of(retry),
            timeout=timeout_of(timeout),
            cache=cache_of(cache),
            ext=extras_of(None, (), cache),
            template=template,
        )

    flow = current()
    with flow.undone_on_error():
        node = flow.write(draft_of(step_name, "job", build))
        flow.put(flow.pools, node.template, (pool, True))
        return outputs_of(node)


def _source(source: Any, args: Any) -> tuple[str, bool]:
    """The text of a script, and whether it is a function that is called with the arguments."""
    if isinstance(source, str) and source.strip():
        return source, False
    if not callable(source):
        raise fault(
            "E0730",
            f"the source of a script cannot be {source!r:.60}",
            "give a Python function, or the script's text",
        )
    values = arguments_of(args, None).values
    are_text = [isinstance(value, str | StepOutput | LoopItem) for value in values]
    if not parameters_of(source, len(values)):
        return script_of(source, ()), False
    return script_of(source, are_text), True


def _check_image(image: Any) -> None:
    if not isinstance(image, str) or not image.strip():
        raise fault(
            "E0730",
            f"`image` must name an image, not {image!r:.60}",
            'such as `image="python:3.12"`',
        )
    checked(image)


def _words(command: Any) -> tuple[str, ...]:
    words = listed(command)
    if not all(isinstance(word, str) for word in words):
        raise fault(
            "E0730",
            f"`command` must be a text or a list of texts, not {command!r:.60}",
            "what other steps give goes to `args`",
        )
    return tuple(checked(word) for word in words)


def _pull(policy: Any) -> Pull:
    if policy is None:
        return ""
    if isinstance(policy, ImagePullPolicy):
        return policy.value
    if isinstance(policy, str) and ImagePullPolicy.valid(policy):
        return policy  # type: ignore[return-value]
    words = ", ".join(ImagePullPolicy.values())
    raise fault("E0730", f"{policy!r:.60} is no `image_pull_policy`", f"it is one of {words}")

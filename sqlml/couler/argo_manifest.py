"""The workflow as a manifest of Argo, as Couler's programs and submitters know it."""

import importlib.util
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from sqlml.codegen.engine import Options, render
from sqlml.couler.building import workflow
from sqlml.couler.flow import current
from sqlml.couler.workflow_settings import cluster_config_file
from sqlml.errors import Diagnostic, ProgramError
from sqlml.workflow.places import fault

_LEAVES = ("container", "script", "resource")


def workflow_yaml() -> dict[str, Any]:
    """What the program has written so far as Argo's manifest, a dict.

    Raises:
        ProgramError: the workflow is wrong, or asks for what Argo cannot do.
    """
    flow = current()
    text, *more = render(workflow(), "argo", Options()).values()
    if more:
        hint = "write all of them by `sqlml.codegen.engine.render(couler.workflow(), …)`"
        message = f"the workflow is too large for one manifest of Argo: it has {1 + len(more)}"
        raise fault("E0738", message, hint)
    manifest = _read(text)
    if "name" not in flow.settings:
        name = manifest["metadata"].pop("name", None)
        manifest["metadata"].setdefault("generateName", f"{name}-")
    path = cluster_config_file()
    return _configured(manifest, path) if path else manifest


def _read(text: str) -> dict[str, Any]:
    try:
        import yaml
    except ImportError as error:
        missing = "the package that reads YAML is not installed"
        raise ProgramError(Diagnostic("E0706", missing, hint="run `pip install pyyaml`")) from error
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # type: ignore[no-any-return]


def _configured(manifest: dict[str, Any], path: str) -> dict[str, Any]:
    """The manifest as a cluster's own file wants it: Couler's `cluster_config_file`."""
    cluster = getattr(_module(path), "cluster", None)
    if cluster is None:
        raise fault("E0730", f"`{path}` defines no `cluster`")
    whole = manifest["spec"]
    spec = whole.get("workflowSpec", whole)
    if configure := getattr(cluster, "config_pod", None):
        pools = current().pools
        spec["templates"] = [
            _configured_pod(configure, template, *pools.get(template["name"], (None, True)))
            if any(leaf in template for leaf in _LEAVES)
            else template
            for template in spec["templates"]
        ]
    if configure := getattr(cluster, "config_workflow", None):
        spec = configure(spec)
    return {
        **manifest,
        "spec": {**whole, "workflowSpec": spec}
        if spec is not whole and "workflowSpec" in whole
        else spec,
    }


def _configured_pod(
    configure: Callable[..., Any], template: dict[str, Any], pool: Any, enable_ulogfs: bool
) -> Any:
    """Couler's clusters take a template; older ones also its pool, and whether to keep logs."""
    if len(inspect.signature(configure).parameters) == 1:
        return configure(template)
    return configure(template, pool, enable_ulogfs)


def _module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("couler_cluster_config", path)
    if spec is None or spec.loader is None:
        raise fault("E0730", f"`{path}` is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except OSError as error:
        raise fault("E0730", f"`{path}` cannot be read: {error.strerror}") from error
    return module

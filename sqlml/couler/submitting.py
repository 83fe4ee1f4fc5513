"""Where workflows go: to a cluster by a submitter, or, without one, to this machine."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol, runtime_checkable

from sqlml.couler.argo_manifest import workflow_yaml
from sqlml.couler.argo_submitter import ArgoSubmitter
from sqlml.couler.building import workflow
from sqlml.couler.flow import current, forget
from sqlml.couler.local_submitter import LocalSubmitter
from sqlml.couler.secrets import Secret
from sqlml.workflow.ir import Workflow
from sqlml.workflow.places import fault


@runtime_checkable
class Submitter(Protocol):
    """Takes Argo's manifest of a workflow, and the secrets that its cluster has to be given."""

    def submit(
        self, workflow_yaml: dict[str, Any], secrets: Iterable[Secret] | None = None
    ) -> Any: ...


@runtime_checkable
class WorkflowSubmitter(Protocol):
    """Takes a workflow itself, and by name the secrets that its steps refer to."""

    def submit_workflow(self, workflow: Workflow, secrets: Mapping[str, Secret]) -> Any: ...


_DEFAULT: ContextVar[Any] = ContextVar("couler_submitter", default=None)
_RECORDED: ContextVar[list[Workflow] | None] = ContextVar("couler_recorded", default=None)


@contextmanager
def recording() -> Iterator[list[Workflow]]:
    """Keep the workflows that `run` is asked to run, instead of running them."""
    recorded: list[Workflow] = []
    token = _RECORDED.set(recorded)
    try:
        yield recorded
    finally:
        _RECORDED.reset(token)


def set_default_submitter(submitter: Any) -> None:
    """What `run()` uses when it is given none."""
    _DEFAULT.set(_submitter(submitter))


def run(submitter: Any = None) -> Any:
    """Run what the program has written, and begin a new workflow.

    submitter: an object, or the class of one; without, the steps run on this machine. Gives what
    the submitter gives: here, how every step ended.
    """
    if (recorded := _RECORDED.get()) is not None:
        recorded.append(workflow())
        answer: Any = workflow_yaml()
        forget()
        return answer
    chosen = _submitter(submitter) or _DEFAULT.get() or LocalSubmitter()
    secrets = current().secrets
    if isinstance(chosen, WorkflowSubmitter):
        answer = chosen.submit_workflow(workflow(), secrets)
    else:
        made = [secret for secret in secrets.values() if secret.is_to_be_made]
        answer = chosen.submit(workflow_yaml(), secrets=made)
    forget()
    return answer


submit = run


def _submitter(given: Any) -> Submitter | WorkflowSubmitter | None:
    chosen = given() if isinstance(given, type) else given
    if chosen is None or isinstance(chosen, WorkflowSubmitter | Submitter):
        return chosen
    raise fault(
        "E0738",
        f"{given!r:.60} cannot take a workflow",
        "a submitter has a method `submit(workflow_yaml, secrets=None)`, as ArgoSubmitter",
    )


def delete(  # noqa: PLR0917
    name: str,
    namespace: str = "default",
    config_file: str | None = None,
    context: str | None = None,
    client_configuration: Any = None,
    persist_config: bool = True,
    grace_period_seconds: int = 5,
    propagation_policy: str = "Background",
) -> Any:
    """Delete a workflow from a cluster."""
    submitter = ArgoSubmitter(namespace, config_file, context, client_configuration, persist_config)
    return submitter.delete(name, grace_period_seconds, propagation_policy)

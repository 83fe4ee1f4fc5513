"""Secrets: their values stay in this process until a submitter hands them to a cluster."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlml.couler.flow import current
from sqlml.errors import did_you_mean
from sqlml.workflow.ir import SecretKey
from sqlml.workflow.places import fault


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that steps refer to. data: its values; None for one that the cluster has.

    dry_run: it is not to be made on the cluster.
    """

    name: str
    keys: tuple[str, ...]
    namespace: str = "default"
    data: Mapping[str, str] | None = None
    dry_run: bool = False

    def __repr__(self) -> str:
        return f"Secret({self.name!r}, keys={self.keys!r})"

    @property
    def is_to_be_made(self) -> bool:
        return self.data is not None and not self.dry_run

    def to_yaml(self) -> dict[str, Any]:
        """The object of the cluster, as Couler's submitters ask for it."""
        data = {k: base64.b64encode(v.encode()).decode() for k, v in (self.data or {}).items()}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "type": "Opaque",
            "data": data,
        }


def create_secret(  # noqa: PLR0917
    secret_data: Mapping[str, str],
    namespace: str = "default",
    name: str | None = None,
    dry_run: bool = False,
    use_existing: bool = False,
    artifact_secret: bool = False,
) -> str:
    """Keep a secret for the steps that name it, and give its name.

    dry_run, use_existing: the cluster has it, or gets it in another way. artifact_secret: it is for
    stores of artifacts; any secret can be.

    The cluster gets it when the workflow is submitted; no file holds it. Without a name it is
    called after its keys. The same data make one secret.
    """
    if not isinstance(secret_data, Mapping) or not secret_data:
        raise fault("E0730", "the data of a secret must be a dict with at least one entry")
    flow = current()
    data = {str(key): str(value) for key, value in secret_data.items()}
    if name is None:
        same = (s for s in flow.secrets.values() if s.data == data and s.namespace == namespace)
        if known := next(same, None):
            return str(known.name)
        digest = sha256(json.dumps(sorted(data)).encode()).hexdigest()[:10]
        name = flow.fresh("secret", f"couler-{digest}")
    flow.put(
        flow.secrets, name, Secret(name, tuple(data), namespace, data, dry_run or use_existing)
    )
    return name


def obtain_secret(
    secret_keys: Iterable[str], namespace: str = "default", name: str | None = None
) -> str:
    """Refer to a secret that the cluster has already, by its name and keys; gives the name."""
    keys = tuple(secret_keys)
    if not name or not keys or isinstance(secret_keys, str):
        raise fault(
            "E0730",
            "a secret of the cluster is given by its name and the list of its keys",
            'such as `obtain_secret(["password"], name="database")`',
        )
    flow = current()
    flow.put(flow.secrets, name, Secret(name, keys, namespace))
    return name


def get_secret(name: str) -> Secret | None:
    """A secret of this workflow by its name; None where there is none."""
    return current().secrets.get(name)


def secret_environment(name: Any) -> dict[str, SecretKey]:
    """The variables by which a step gets all values of a secret.

    Raises:
        ProgramError: the workflow has no secret of that name.
    """
    if name is None:
        return {}
    secrets = current().secrets
    if not isinstance(name, str) or name not in secrets:
        raise fault(
            "E0736",
            f"there is no secret {name!r}",
            did_you_mean(str(name), secrets) or "make it with `create_secret` or `obtain_secret`",
        )
    return {key: SecretKey(name, key) for key in secrets[name].keys}

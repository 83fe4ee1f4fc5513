"""Artifacts: the files by which steps hand on parameters and data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlml.couler.secrets import create_secret
from sqlml.workflow.ir import Artifact as StoredArtifact
from sqlml.workflow.ir import OutputDeclaration, SecretKey

Store = Literal["local", "s3", "gcs", "oss", "hdfs", "git", "http"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a step writes or finds at `path`; with `type` parameters, its text is a value.

    stored: where else it lies. is_global: every part of the workflow can take it.
    """

    path: str
    type: str = "parameters"
    is_global: bool = False
    stored: StoredArtifact | None = None

    @property
    def id(self) -> str:
        """What a step's output or input of this kind is called."""
        return "output" if self.type == "parameters" else f"output-{self.type}"


def declared(artifacts: Iterable[Artifact]) -> tuple[OutputDeclaration, ...]:
    """The outputs of a step that writes these files; the second of a kind is called `output-2`."""
    counts: dict[str, int] = {}
    found = []
    for artifact in artifacts:
        counts[artifact.id] = count = counts.get(artifact.id, 0) + 1
        name = artifact.id if count == 1 else f"{artifact.id}-{count}"
        is_value = artifact.type == "parameters"
        stored = None if artifact.type == "local" else artifact.stored
        kind: Literal["parameter", "artifact"] = "parameter" if is_value else "artifact"
        found.append(OutputDeclaration(name, kind, path=artifact.path, artifact=stored))
    return tuple(found)


def create_parameter_artifact(path: str, is_global: bool = False) -> Artifact:
    """A file whose text is a value that other steps take."""
    return Artifact(path, is_global=is_global)


def create_local_artifact(path: str, is_global: bool = False) -> Artifact:
    """A file that other steps take, kept where the engine keeps such."""
    return Artifact(path, "local", is_global)


def create_oss_artifact(  # noqa: PLR0917
    path: str,
    bucket: str | None = None,
    accesskey_id: str | None = None,
    accesskey_secret: str | None = None,
    key: str | None = None,
    endpoint: str | None = "http://oss-cn-hangzhou-zmf.aliyuncs.com",
    is_global: bool = False,
    secret: str | None = None,
) -> Artifact:
    """A file in Alibaba's object store."""
    access = (accesskey_id, accesskey_secret, secret)
    return _bucket("oss", path, bucket, key, {"endpoint": endpoint}, access, is_global)


def create_s3_artifact(  # noqa: PLR0917
    path: str,
    bucket: str | None = None,
    accesskey_id: str | None = None,
    accesskey_secret: str | None = None,
    key: str | None = None,
    endpoint: str | None = "s3.amazonaws.com",
    is_global: bool = False,
    insecure: bool = False,
    secret: str | None = None,
) -> Artifact:
    """A file in an S3 store. insecure: it is reached without TLS."""
    settings = {"endpoint": endpoint, "insecure": insecure or None}
    access = (accesskey_id, accesskey_secret, secret)
    return _bucket("s3", path, bucket, key, settings, access, is_global)


def create_gcs_artifact(
    path: str,
    bucket: str | None = None,
    key: str | None = None,
    service_account_key: str | None = None,
    is_global: bool = False,
) -> Artifact:
    """A file in Google's object store. service_account_key: the text of a service account's key."""
    secrets = {}
    if service_account_key:
        name = create_secret({"serviceAccountKey": service_account_key})
        secrets = {"serviceAccountKey": SecretKey(name, "serviceAccountKey")}
    location = _location(bucket, key)
    return Artifact(path, "gcs", is_global, StoredArtifact("gcs", location, {}, secrets))


def create_hdfs_artifact(  # noqa: PLR0917
    path: str,
    addresses: Iterable[str] = (),
    hdfs_path: str = "",
    hdfs_user: str = "",
    force: bool = False,
    is_global: bool = False,
) -> Artifact:
    """A file of a Hadoop file system. addresses: its name nodes."""
    settings = {
        "addresses": tuple(addresses),
        "hdfsUser": hdfs_user or None,
        "force": force or None,
    }
    stored = StoredArtifact("hdfs", hdfs_path, _given(settings))
    return Artifact(path, "hdfs", is_global, stored)


def create_git_artifact(
    path: str,
    repo: str = "",
    revision: str | None = None,
    depth: int | None = None,
    is_global: bool = False,
) -> Artifact:
    """A checkout of a Git repository, for steps to read."""
    stored = StoredArtifact("git", repo, _given({"revision": revision, "depth": depth}))
    return Artifact(path, "git", is_global, stored)


def _bucket(  # noqa: PLR0917
    store: Store,
    path: str,
    bucket: str | None,
    key: str | None,
    settings: dict[str, Any],
    access: tuple[str | None, str | None, str | None],
    is_global: bool,
) -> Artifact:
    secrets = {}
    user, password, name = access
    if user and password and name is None:
        name = create_secret({"accessKey": user, "secretKey": password})
    if name:
        secrets = {
            "accessKey": SecretKey(name, "accessKey"),
            "secretKey": SecretKey(name, "secretKey"),
        }
    location = _location(bucket, key)
    stored = StoredArtifact(store, location, _given(settings), secrets)
    return Artifact(path, store, is_global, stored)


def _location(bucket: str | None, key: str | None) -> str:
    return "/".join(part.strip("/") for part in (bucket, key) if part)


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None and value != ()}

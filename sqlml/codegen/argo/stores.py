"""Where files lie, in Argo's words."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlml.codegen.argo.rules.schema import classes
from sqlml.codegen.argo.text import literal
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.workflow.ir import Artifact, Node
from sqlml.workflow.serial import thaw

_CLASSES: Mapping[str, str] = {
    "s3": "S3Artifact",
    "gcs": "GCSArtifact",
    "oss": "OSSArtifact",
    "hdfs": "HDFSArtifact",
    "git": "GitArtifact",
    "http": "HTTPArtifact",
}
_KEYS = {"hdfs": "path", "git": "repo", "http": "url"}


def location_of(artifact: Artifact, node: Node) -> dict[str, Any]:
    """The fields of an artifact that say where it lies; none for the run's own store.

    Raises:
        ProgramError: E0727, a setting that Argo does not know, or one that is missing.
    """
    if artifact.store == "local":
        return {}
    told = {**_place(artifact), **_settings(artifact)}
    if faults := [*_faults(artifact, told, node)]:
        raise ProgramError(*faults)
    return {artifact.store: told}


def _place(artifact: Artifact) -> dict[str, Any]:
    location = literal(artifact.location)
    if artifact.store in _KEYS:
        return {_KEYS[artifact.store]: location}
    bucket, slash, key = location.removeprefix(f"{artifact.store}://").partition("/")
    return {"bucket": bucket, "key": key} if slash else {"key": bucket}


def _settings(artifact: Artifact) -> dict[str, Any]:
    return {
        **{name: thaw(value) for name, value in artifact.settings.items()},
        **{
            name if name.endswith("Secret") else f"{name}Secret": {
                "name": secret.secret,
                "key": secret.key,
            }
            for name, secret in artifact.secrets.items()
        },
    }


def _faults(artifact: Artifact, told: Mapping[str, Any], node: Node) -> Iterator[Diagnostic]:
    place = node.place
    at = f"at {place.file}:{place.line}:{place.column}" if place else ""
    known = classes()[_CLASSES[artifact.store]]
    for name in told:
        if name not in known:
            message = f"a file in `{artifact.store}` has no setting `{name}` on Argo"
            hint = did_you_mean(name, known)
            yield Diagnostic("E0727", message, label=at, hint=hint)
    users = ("hdfsUser", "krbCCacheSecret", "krbKeytabSecret")
    if artifact.store == "hdfs" and not any(user in told for user in users):
        message = f"step `{node.name}` has a file in HDFS, for which Argo needs a user"
        hint = "give the artifact the setting `hdfsUser`, or the secret of a Kerberos keytab"
        yield Diagnostic("E0727", message, label=at, hint=hint)

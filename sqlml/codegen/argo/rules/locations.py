"""Where artifacts lie, and which of them are files of a step."""

from collections.abc import Iterator

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.manifests import STORES
from sqlml.errors import Diagnostic
from sqlml.source import Span

_KERBEROS = {  # what a secret of Kerberos is of no use without
    "krbCCacheSecret": ("krbServicePrincipalName", "krbConfigConfigMap"),
    "krbKeytabSecret": (
        "krbServicePrincipalName", "krbConfigConfigMap", "krbUsername", "krbRealm",
    ),
}  # fmt: skip


def output_artifact_faults(artifact: Part, kind: str) -> Iterator[Diagnostic]:
    named = f"output artifact `{artifact.at('name').text}`"
    given = artifact.at("from").value is not None or artifact.at("fromExpression").value is not None
    if kind in ("container", "script", "data", "containerSet"):
        if not artifact.at("path").text:
            yield Diagnostic("E0726", f"{named} has no path", artifact.span)
        if given:
            message = f"{named} is a file of the step: it has a path and no source"
            yield Diagnostic("E0726", message, artifact.span)
    if kind in ("steps", "dag"):
        if not given:
            hint = "give it `from` or `fromExpression`"
            yield Diagnostic("E0726", f"{named} has no source", artifact.span, hint=hint)
        yield from group_path_faults(artifact, kind)
    yield from location_faults(artifact)


def group_path_faults(artifact: Part, kind: str) -> Iterator[Diagnostic]:
    """Of an artifact of steps or tasks."""
    if artifact.at("path").text:
        message = f"a template of kind `{kind}` has no files, so `path` has no meaning"
        yield Diagnostic("E0726", message, artifact.span_of("path"))


def location_faults(artifact: Part) -> Iterator[Diagnostic]:
    """An artifact lies in one place, and a path does not climb."""
    stores = [store for store in STORES if artifact.at(store).value is not None]
    if len(stores) > 1:
        message = f"an artifact lies in `{stores[0]}` or in `{stores[1]}`, not in both"
        yield Diagnostic("E0726", message, artifact.span_of(stores[1]))
    if artifact.at("from").text and artifact.at("fromExpression").text:
        message = "an artifact is taken by `from` or by `fromExpression`, not by both"
        yield Diagnostic("E0726", message, artifact.span_of("fromExpression"))
    if artifact.at("git").value is not None and not artifact.at("git", "repo").text:
        yield Diagnostic("E0726", "the artifact's `git` lacks `repo`", artifact.span_of("git"))
    if artifact.at("hdfs").value is not None:
        yield from _hdfs_faults(artifact.at("hdfs"), artifact.span_of("hdfs"))
    if ".." in artifact.at("path").text.split("/"):
        yield Diagnostic("E0726", "a path cannot climb with `..`", artifact.at("path").span)


def _hdfs_faults(hdfs: Part, span: Span) -> Iterator[Diagnostic]:
    if not hdfs.at("addresses").items():
        hint = "as `addresses: [namenode:8020]`"
        yield Diagnostic("E0726", "the artifact's `hdfs` names no server", span, hint=hint)
    if "{{" not in hdfs.at("path").text and not hdfs.at("path").text.startswith("/"):
        yield Diagnostic("E0726", "a path of HDFS begins with `/`", span)
    users = ("hdfsUser", *_KERBEROS)
    if all(hdfs.at(user).value is None for user in users):
        hint = f"give it one of: {', '.join(users)}"
        yield Diagnostic("E0726", "the artifact's `hdfs` names no user", span, hint=hint)
    for secret, needed in _KERBEROS.items():
        missing = [one for one in needed if hdfs.at(one).value is None]
        if hdfs.at(secret).value is not None and missing:
            message = f"`{secret}` needs `{missing[0]}` beside it"
            yield Diagnostic("E0726", message, hdfs.span_of(secret))

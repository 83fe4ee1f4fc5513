"""Where volumes and files are put in a container: that they are there, and in different places."""

from collections.abc import Iterator, Sequence

from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.manifests import Manifest
from sqlml.errors import Diagnostic, did_you_mean


def mount_faults(manifest: Manifest, template: Part) -> Iterator[Diagnostic]:
    artifacts = template.at("inputs", "artifacts").items()
    for container in _main(template):
        yield from _conflicts(container, artifacts if container.value is not None else ())
    for container in _beside(template):
        yield from _conflicts(container)
    spec = manifest.spec
    patched = spec.at("podSpecPatch").text or template.at("podSpecPatch").text
    if not manifest.is_template and not patched:  # those may leave volumes to who uses them
        yield from _missing_volumes(spec, template)


def _missing_volumes(spec: Part, template: Part) -> Iterator[Diagnostic]:
    volumes = {
        volume.at("name").text
        for part in (spec, spec.at("templateDefaults"), template)
        for volume in part.at("volumes").items()
    }
    for claim in spec.at("volumeClaimTemplates").items():
        volumes.add(claim.at("metadata", "name").text)
    for container in (*_main(template), *_beside(template)):
        for mount in container.at("volumeMounts").items():
            name = mount.at("name")
            if name.text not in volumes and "{{" not in name.text:
                hint = did_you_mean(name.text, volumes) or "declare it among the spec's `volumes`"
                message = f"there is no volume `{name.text}`"
                yield Diagnostic("E0719", message, name.span, hint=hint)


def _conflicts(container: Part, artifacts: Sequence[Part] = ()) -> Iterator[Diagnostic]:
    """Two of a container's volumes and input artifacts at one path."""
    placed: dict[str, str] = {}
    for words, key, parts in (
        ("the volume", "mountPath", container.at("volumeMounts").items()),
        ("the input artifact", "path", artifacts),
    ):
        for part in parts:
            path, named = part.at(key), f"{words} `{part.at('name').text}`"
            if path.text and path.text in placed:
                message = f"`{path.text}` is {placed[path.text]} and {named}"
                yield Diagnostic("E0726", message, path.span, hint="give them different paths")
            placed[path.text] = named


def _main(template: Part) -> Iterator[Part]:
    yield from (template.at(kind) for kind in ("container", "script", "containerSet"))


def _beside(template: Part) -> Iterator[Part]:
    for path in (("initContainers",), ("sidecars",), ("containerSet", "containers")):
        yield from template.at(*path).items()

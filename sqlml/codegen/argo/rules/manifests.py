"""The parts of an Argo manifest that rules ask for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlml.codegen.argo.rules.documents import Part

LEAVES = ("container", "script", "resource", "http", "data", "containerSet", "plugin")
TEMPLATE_KINDS = (*LEAVES, "suspend", "steps", "dag")
LOOPS = ("withItems", "withParam", "withSequence")
STORES = ("s3", "gcs", "oss", "hdfs", "git", "http", "azure", "artifactory", "raw", "plugin")
_SPEAKERS = ("container", "script", "data", "http", "plugin")
_SPECS: Mapping[str, tuple[str, ...]] = {
    "Workflow": ("spec",),
    "CronWorkflow": ("spec", "workflowSpec"),
    "WorkflowTemplate": ("spec",),
    "ClusterWorkflowTemplate": ("spec",),
}
KINDS = (*_SPECS, "WorkflowEventBinding")


@dataclass(frozen=True, eq=False)
class Manifest:
    """A document that holds the spec of a workflow.

    library: the workflow templates that were given beside it, by name.
    """

    kind: str
    document: Part
    library: Mapping[str, "Manifest"] = field(default_factory=dict)

    @cached_property
    def spec(self) -> Part:
        return self.document.at(*_SPECS[self.kind])

    @property
    def name(self) -> str:
        return self.document.at("metadata", "name").text

    @property
    def is_template(self) -> bool:
        """Whether it is used by others, which may give what it lacks."""
        return self.kind.endswith("WorkflowTemplate")

    @property
    def refers(self) -> bool:
        """Whether its templates are those of a workflow template."""
        return self.spec.has("workflowTemplateRef")

    @cached_property
    def templates(self) -> Mapping[str, Part]:
        """Those that have a name; of several with one name, the first."""
        found: dict[str, Part] = {}
        for template in self.spec.at("templates").items():
            found.setdefault(template.at("name").text, template)
        return found


def has_workflow(kind: str) -> bool:
    return kind in _SPECS


def kinds_of(template: Part) -> list[str]:
    return [kind for kind in TEMPLATE_KINDS if template.at(kind).value is not None]


def is_leaf(template: Part) -> bool:
    return any(template.at(kind).value is not None for kind in LEAVES)


def gives_result(template: Part) -> bool:
    """Whether what it prints, and its exit code, are outputs."""
    containers = template.at("containerSet", "containers").items()
    return any(template.at(kind).value is not None for kind in _SPEAKERS) or any(
        container.at("name").text == "main" for container in containers
    )


def groups_of(template: Part) -> Sequence[Sequence[Part]]:
    """The steps of a template, group by group."""
    return [group.items() for group in template.at("steps").items()]


def tasks_of(template: Part) -> Sequence[Part]:
    return template.at("dag", "tasks").items()


def calls_of(template: Part) -> Iterator[Part]:
    """Its steps or tasks."""
    for group in groups_of(template):
        yield from group
    yield from tasks_of(template)


def every_template(manifest: Manifest) -> Iterator[Part]:
    """All templates, those within others included."""
    pending = [*reversed(manifest.spec.at("templates").items())]
    while pending:
        template = pending.pop()
        yield template
        pending.extend(call.at("inline") for call in calls_of(template) if call.has("inline"))


def loop_of(call: Part) -> list[str]:
    return [loop for loop in LOOPS if call.at(loop).value is not None]


def target_of(manifest: Manifest, call: Part) -> Part | None:
    """The template that a step, task or hook runs; None where that cannot be known from here."""
    if call.at("inline").value is not None:
        return call.at("inline")
    reference = call.at("templateRef")
    if reference.value is not None:
        other = manifest.library.get(reference.at("name").text)
        return other.templates.get(reference.at("template").text) if other else None
    return manifest.templates.get(call.at("template").text)


def parameters_of(part: Part) -> Mapping[str, Part]:
    return {each.at("name").text: each for each in part.at("parameters").items()}


def artifacts_of(part: Part) -> Mapping[str, Part]:
    return {each.at("name").text: each for each in part.at("artifacts").items()}

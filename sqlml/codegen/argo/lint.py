"""Finds what is wrong with manifests of Argo Workflows."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlml.codegen.argo.objects import API_VERSION
from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.flow import flow_faults
from sqlml.codegen.argo.rules.limits import limit_faults
from sqlml.codegen.argo.rules.manifests import KINDS, Manifest, has_workflow
from sqlml.codegen.argo.rules.naming import naming_faults
from sqlml.codegen.argo.rules.references import reference_faults
from sqlml.codegen.argo.rules.structure import structure_faults
from sqlml.codegen.argo.rules.templates import template_faults
from sqlml.errors import Diagnostic, did_you_mean

Rule = Callable[[Manifest], Iterator[Diagnostic]]
RULES: tuple[Rule, ...] = (
    naming_faults,
    template_faults,
    flow_faults,
    reference_faults,
    limit_faults,
)


# Of Argo Events, Argo CD and Argo Rollouts, which have the same version.
_OF_OTHERS = frozenset({
    "Sensor", "EventSource", "EventBus", "Application", "ApplicationSet", "AppProject", "Rollout",
    "AnalysisTemplate", "ClusterAnalysisTemplate", "AnalysisRun", "Experiment", "ExecutorPlugin",
    "WorkflowTaskSet", "WorkflowArtifactGCTask",
})  # fmt: skip


def library_of(documents: Sequence[Part]) -> dict[str, Manifest]:
    """The workflow templates among the documents, by name."""
    kinds = ("WorkflowTemplate", "ClusterWorkflowTemplate")
    templates = [each for each in documents if each.at("kind").text in kinds]
    return {
        each.at("metadata", "name").text: Manifest(each.at("kind").text, each) for each in templates
    }


def faults_of(document: Part, library: Mapping[str, Manifest]) -> Iterator[Diagnostic]:
    """What is wrong with a document that has a version and a kind; none if it is not Argo's."""
    version, kind = document.at("apiVersion"), document.at("kind")
    if version.text != API_VERSION:
        if kind.text in KINDS or version.text.startswith("argoproj.io/"):
            message = f"there is no `{kind.text}` of version `{version.text}`"
            yield Diagnostic("E0716", message, version.span, hint=f"write `{API_VERSION}`")
    elif kind.text in _OF_OTHERS:
        return
    elif kind.text not in KINDS:
        hint = did_you_mean(kind.text, KINDS) or f"the kinds: {', '.join(KINDS)}"
        yield Diagnostic("E0716", f"Argo has no `{kind.text}`", kind.span, hint=hint)
    else:
        structure = [*structure_faults(document, kind.text)]
        yield from structure
        if has_workflow(kind.text):
            manifest = Manifest(kind.text, document, library)
            for rule in RULES:
                yield from rule(manifest)

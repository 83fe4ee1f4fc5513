"""Finds what is wrong with manifests of Argo Workflows, ours or not, before a cluster does."""

from collections.abc import Callable, Iterable, Iterator

from sqlml.codegen.argo_rules.documents import Part, read_documents
from sqlml.codegen.argo_rules.flow import flow_faults
from sqlml.codegen.argo_rules.limits import limit_faults
from sqlml.codegen.argo_rules.manifests import API_VERSION, KINDS, Manifest, has_workflow
from sqlml.codegen.argo_rules.naming import naming_faults
from sqlml.codegen.argo_rules.references import reference_faults
from sqlml.codegen.argo_rules.structure import structure_faults
from sqlml.codegen.argo_rules.templates import template_faults
from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.source import Source

Rule = Callable[[Manifest], Iterator[Diagnostic]]
RULES: tuple[Rule, ...] = (
    naming_faults,
    template_faults,
    flow_faults,
    reference_faults,
    limit_faults,
)


def lint(sources: Iterable[Source]) -> list[Diagnostic]:
    """All that is wrong with some files of YAML, in the order of their texts.

    Objects of Kubernetes that are not Argo's are left to others. Files may refer to workflow
    templates that are among them; what is in none of them is taken to be as it should.
    """
    faults: list[Diagnostic] = []
    documents: list[Part] = []
    for source in sources:
        try:
            found = read_documents(source)
        except ProgramError as error:
            faults += error.diagnostics
            continue
        if not found:
            faults.append(Diagnostic("E0716", f"`{source.name}` holds no manifest"))
        documents += found
    library = _library(documents)
    for document in documents:
        told = _document_faults(document, library)
        faults += sorted(told, key=lambda fault: fault.span.start if fault.span else 0)
    return faults


def _library(documents: list[Part]) -> dict[str, Manifest]:
    """The workflow templates among the documents, by name."""
    kinds = ("WorkflowTemplate", "ClusterWorkflowTemplate")
    templates = [each for each in documents if each.at("kind").text in kinds]
    return {
        each.at("metadata", "name").text: Manifest(each.at("kind").text, each) for each in templates
    }


def _document_faults(document: Part, library: dict[str, Manifest]) -> Iterator[Diagnostic]:
    version, kind = document.at("apiVersion"), document.at("kind")
    if not (version.text and kind.text):
        missing = "apiVersion" if not version.text else "kind"
        hint = f"`apiVersion: {API_VERSION}` and a kind: {', '.join(KINDS)}"
        yield Diagnostic("E0716", f"the document has no `{missing}`", document.span, hint=hint)
    elif version.text != API_VERSION:
        if kind.text in KINDS or version.text.startswith("argoproj.io/"):
            message = f"there is no `{kind.text}` of version `{version.text}`"
            yield Diagnostic("E0716", message, version.span, hint=f"write `{API_VERSION}`")
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

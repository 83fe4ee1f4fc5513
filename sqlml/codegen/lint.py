"""Finds what is wrong with manifests of engines, ours or not, before a cluster does."""

from collections.abc import Iterable, Iterator

from sqlml.codegen.argo import lint as argo_lint
from sqlml.codegen.argo.objects import API_VERSION
from sqlml.codegen.argo.rules.documents import Part, read_documents
from sqlml.codegen.tekton import lint as tekton_lint
from sqlml.errors import Diagnostic, ProgramError
from sqlml.source import Source


def lint(sources: Iterable[Source]) -> list[Diagnostic]:
    """All that is wrong with some files of YAML, in the order of their texts.

    Objects of Kubernetes that are neither Argo's nor Tekton's are left to others. Files may refer
    to templates, tasks and pipelines that are among them; what is in none of them is taken to be
    as it should.
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
    templates = argo_lint.library_of(documents)
    objects = tekton_lint.Library(documents)
    for document in documents:
        if not (document.at("apiVersion").text and document.at("kind").text):
            told: Iterator[Diagnostic] = _nameless(document)
        elif tekton_lint.is_tekton(document):
            told = tekton_lint.faults_of(document, objects)
        else:
            told = argo_lint.faults_of(document, templates)
        faults += sorted(told, key=lambda fault: fault.span.start if fault.span else 0)
    return faults


def _nameless(document: Part) -> Iterator[Diagnostic]:
    missing = "kind" if document.at("apiVersion").text else "apiVersion"
    hint = f"`apiVersion: {API_VERSION}` or `{tekton_lint.API_VERSION}`, and a kind"
    yield Diagnostic("E0716", f"the document has no `{missing}`", document.span, hint=hint)

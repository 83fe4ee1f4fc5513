"""How much Argo's own objects hold."""

from collections.abc import Iterator

from sqlml.codegen.argo.objects import BYTES, PARAMETERS, TASKS, TEMPLATES
from sqlml.codegen.argo.rules.manifests import Manifest, every_template, tasks_of
from sqlml.errors import Diagnostic


def limit_faults(manifest: Manifest) -> Iterator[Diagnostic]:
    templates = manifest.spec.at("templates")
    if (count := len(templates.items())) > TEMPLATES:
        message = f"a workflow has at most {TEMPLATES} templates, this has {count}"
        hint = "let steps that do the same share one, with arguments"
        yield Diagnostic("E0725", message, manifest.spec.span_of("templates"), hint=hint)
    for template in every_template(manifest):
        if (count := len(tasks_of(template))) > TASKS:
            message = f"a graph has at most {TASKS} tasks, this has {count}"
            hint = "make it several, each a template that a task runs"
            yield Diagnostic("E0725", message, template.span_of("dag"), hint=hint)
        if (count := len(template.at("inputs", "parameters").items())) > PARAMETERS:
            message = f"a template has at most {PARAMETERS} parameters, this has {count}"
            yield Diagnostic("E0725", message, template.span_of("inputs"))
    span = manifest.document.span
    size = len(span.text.encode())
    if size > 2 * BYTES:  # as JSON without indentation it is smaller, but not by so much
        message = f"the manifest has {size:,} bytes, and Argo's limit is {BYTES:,}"
        hint = "split it into workflows that a workflow starts"
        yield Diagnostic("E0725", message, manifest.document.at("metadata").span, hint=hint)

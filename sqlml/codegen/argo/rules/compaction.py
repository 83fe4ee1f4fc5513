"""Makes schema.json from Argo's: `python -m sqlml.codegen.argo.rules.compaction SCHEMA`.

A class is an object of its fields. A field's type is `s` text, `i` a whole number, `n` a number,
`b` a truth value, `*` anything, `o` any object, `q` text or a number, or a class; `[]` in front
is a list of it, `{}` a map to it, and `!` behind says that it must be there.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KINDS = ("Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate",
         "WorkflowEventBinding")  # fmt: skip
WORDS = {"string": "s", "integer": "i", "number": "n", "boolean": "b"}
EITHER = ("IntOrString", "Quantity")  # text in the schema, but numbers are as good
ANYTHING = ("Item", "FieldsV1", "Plugin", "WorkflowStatus", "CronWorkflowStatus")
LOOSE = {  # the schema asks for it, Argo does not: templateDefaults can give an image
    "Gauge": ("realtime",),
    "PodContainer": ("image",),
    "ScriptTemplate": ("image",),
}
VALUES = {  # any scalar, which Argo reads as text
    ("Parameter", "default"): "q",
    ("Parameter", "value"): "q",
    ("Parameter", "enum"): "[]q",
    ("ValueFrom", "default"): "q",
}


def compact(schema: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    compaction = _Compaction(schema["definitions"])
    for kind in KINDS:
        compaction.of_class(f"io.argoproj.workflow.v1alpha1.{kind}")
    return dict(sorted(compaction.classes.items()))


class _Compaction:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self.classes: dict[str, dict[str, str]] = {}

    def of_class(self, full: str) -> str:
        """The type that stands for a class, which is written down where it has fields."""
        name, definition = full.rpartition(".")[2], self._definitions[full]
        if name in EITHER or name in ANYTHING:
            return "q" if name in EITHER else "*"
        if definition.get("type") != "object":
            return self._type(definition)
        if full.startswith("io.k8s") and name in ("HTTPHeader", "Container", "Condition"):
            name = f"Pod{name}"
        if name not in self.classes:
            self.classes[name] = {}
            self._write_fields(name, definition)
        return name

    def _write_fields(self, name: str, definition: Mapping[str, Any]) -> None:
        required = {*definition.get("required", ())} - {*LOOSE.get(name, ())}
        for key, field in definition.get("properties", {}).items():
            told = VALUES.get((name, key)) or self._type(field)
            self.classes[name][key] = told + "!" * (key in required)

    def _type(self, field: Mapping[str, Any]) -> str:
        if "$ref" in field:
            return self.of_class(field["$ref"].rpartition("/")[2])
        if field.get("type") == "array":
            return "[]" + self._type(field["items"])
        if "additionalProperties" in field:
            return "{}" + self._type(field["additionalProperties"])
        return WORDS.get(field.get("type", "*"), "o" if field.get("type") == "object" else "*")


def write(source: Path) -> None:
    classes = compact(json.loads(source.read_text("utf-8")))
    lines = [f'"{name}": {json.dumps(fields)}' for name, fields in classes.items()]
    (Path(__file__).parent / "schema.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

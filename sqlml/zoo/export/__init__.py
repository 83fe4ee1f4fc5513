"""A stored model for other programs, one format per file."""

from typing import TYPE_CHECKING

from sqlml.registry import Registry

if TYPE_CHECKING:
    from sqlml.zoo.export.contract import Format

FORMATS: "Registry[Format]" = Registry(
    "export format",
    "sqlml.exports",
    "E0580",
    {
        "native": "sqlml.zoo.export.native:FORMAT",
        "onnx": "sqlml.zoo.export.onnx:FORMAT",
        "pmml": "sqlml.zoo.export.pmml:FORMAT",
        "sql": "sqlml.zoo.export.sql:FORMAT",
    },
)

"""A model as PMML 4.4: its columns, the features derived from them, and its trees or weights.

https://dmg.org/pmml/v4-4-1/GeneralStructure.html. A linear model is a RegressionModel. Trees are
MiningModels, whose sums a last RegressionModel makes a value or a class of.
"""

from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from sqlml.zoo.export.contract import Export, Format, check_names, inexpressible
from sqlml.zoo.export.matrix import KNOWN, blocks
from sqlml.zoo.export.pmml_fields import Fields, printable
from sqlml.zoo.export.pmml_models import Target, model
from sqlml.zoo.export.scoring import MODELS, Scoring, Unknown, refuse_lists, scoring_of
from sqlml.zoo.features.pipeline import Pipeline
from sqlml.zoo.label import class_name


def _write(export: Export, to: Path) -> None:
    ElementTree(document(export)).write(to, encoding="utf-8", xml_declaration=True)


FORMAT = Format(".pmml", _write)


def document(export: Export) -> Element:
    """The PMML element of a model.

    Raises:
        StepError: E0581, PMML has no words for the model or for one of its features.
    """
    bundle = export.bundle
    try:
        refuse_lists(bundle.manifest.labels)
        scoring = scoring_of(bundle.estimator)
        target = _target(export, scoring)
    except Unknown as unknown:
        raise inexpressible(str(unknown), "PMML", f"written are {MODELS}") from unknown
    check_names(export, (target.name, *target.chances), "PMML")
    try:
        fields = Fields(bundle.pipeline, blocks(bundle.pipeline, scoring))
        made = model(scoring, target, fields, _given(bundle.pipeline))
        data = [*fields.data(), _target_field(target)]
    except Unknown as unknown:
        raise inexpressible(str(unknown), "PMML", f"written are {KNOWN}") from unknown
    root = Element("PMML", xmlns="http://www.dmg.org/PMML-4_4", version="4.4")
    header = SubElement(
        root, "Header", description=f"{export.reference}: {bundle.manifest.estimator}"
    )
    SubElement(header, "Application", name="sqlml", version=bundle.manifest.sqlml)
    SubElement(root, "DataDictionary", numberOfFields=str(len(data))).extend(data)
    if fields.derived:
        SubElement(root, "TransformationDictionary").extend(fields.derived)
    root.append(made)
    indent(root, " ")
    return root


def _target(export: Export, scoring: Scoring) -> Target:
    manifest = export.bundle.manifest
    names = [one["name"] for one in manifest.label] or ["prediction"]
    if len(names) > 1:
        raise Unknown("a model with several labels")
    if scoring.classes is None:
        return Target(names[0])
    values = manifest.classes or tuple(range(len(scoring.classes)))
    kinds = {bool: "boolean", int: "integer", str: "string"}
    return Target(names[0], kinds[type(values[0])], tuple(printable(class_name(v)) for v in values))


def _target_field(target: Target) -> Element:
    kind = "continuous" if target.classes is None else "categorical"
    field = Element("DataField", name=target.name, optype=kind, dataType=target.type)
    for value in target.classes or ():
        SubElement(field, "Value", value=value)
    return field


def _given(pipeline: Pipeline) -> dict[str, bool]:
    """The columns, and whether each must have a value."""
    gaps = {column for feature in pipeline.features for column in feature.gaps}
    needed = set() if pipeline.encoding.missing else gaps
    return {column.name: column in needed for column in pipeline.references}

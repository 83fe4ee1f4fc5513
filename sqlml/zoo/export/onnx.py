"""A model as one ONNX graph: its columns, its preprocessing, and its trees, weights or operators.

Each column is an input of shape (rows, 1); dates that there are parts of are seconds since 1970.
The output named like the label is what PREDICT says; a second one, `label_proba`, has the chances
of the classes, whose order the metadata have as `sqlml.classes`. What is no sum of trees or weights
is converted by skl2onnx.
"""

import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.export.contract import Export, Format, check_names, inexpressible
from sqlml.zoo.export.matrix import KNOWN, blocks
from sqlml.zoo.export.scoring import MODELS, Scoring, Unknown, scoring_of
from sqlml.zoo.features.date_parts import DateParts
from sqlml.zoo.label import ClassValue

if TYPE_CHECKING:
    from sqlml.zoo.export.onnx_graph import Graph
    from sqlml.zoo.export.onnx_scoring import Answer


def _write(export: Export, to: Path) -> None:
    """Raises:
    StepError: E0581 the model has no ONNX form, E0582 a package for it is not installed.
    """
    try:
        model = _model(export)
    except ImportError as missing:
        raise StepError(
            Diagnostic(
                "E0582",
                f"ONNX needs a package that is not installed: {missing.name}",
                hint="pip install 'sqlml[onnx]'",
            )
        ) from missing
    to.write_bytes(model.SerializeToString())


FORMAT = Format(".onnx", _write)


def _model(export: Export) -> Any:
    from sqlml.zoo.export.onnx_features import matrix
    from sqlml.zoo.export.onnx_graph import CONVERTED, TREES, Graph
    from sqlml.zoo.export.onnx_scoring import answer

    bundle, manifest = export.bundle, export.bundle.manifest
    names = [one["name"] for one in manifest.label] or ["prediction"]
    check_names(export, (*names, f"{names[0]}_proba"), "ONNX")
    scoring = _scoring(bundle)
    graph = Graph(CONVERTED if scoring is None else TREES)
    try:
        given = matrix(graph, blocks(bundle.pipeline, scoring))
    except Unknown as unknown:
        raise inexpressible(str(unknown), "ONNX", f"written are {KNOWN}") from unknown
    found = (
        _converted(graph, given, bundle)
        if scoring is None
        else answer(graph, given, scoring, bundle.pipeline.width)
    )
    _give(graph, found, names, manifest.classes)
    facts = {"sqlml.model": export.reference}
    dates = [one.column.name for one in bundle.pipeline.features if isinstance(one, DateParts)]
    if dates:
        facts["sqlml.seconds"] = json.dumps(dates, ensure_ascii=False)
    if manifest.classes:
        facts["sqlml.classes"] = json.dumps(manifest.classes, ensure_ascii=False)
    return graph.model(facts)


def _scoring(bundle: Bundle) -> Scoring | None:
    """The model's arithmetic; None where it is left to a converter."""
    try:
        return scoring_of(bundle.estimator)
    except Unknown as unknown:
        if bundle.manifest.family == "sklearn":
            return None
        raise inexpressible(str(unknown), "ONNX", _HINT) from unknown


def _converted(graph: "Graph", given: str, bundle: Bundle) -> "Answer":
    from sqlml.zoo.export.onnx_converted import converted

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.getLogger("skl2onnx").setLevel(logging.ERROR)
            return converted(graph, given, bundle.estimator)
    except ImportError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()
        hint = f"the converter says: {reason[0][:200]}" if reason else _HINT
        raise inexpressible(f"`{bundle.manifest.estimator}`", "ONNX", hint) from error


_HINT = f"written are {MODELS}, and what skl2onnx converts; `--format native` keeps all"


# --- outputs --------------------------------------------------------------------------------


def _give(
    graph: "Graph", found: "Answer", names: Sequence[str], classes: Sequence[ClassValue] | None
) -> None:
    """Name the outputs."""
    if found.chosen:
        _give_class(graph, found, names[0], classes or tuple(range(len(found.classes))))
    elif found.columns:
        graph.output(names[0], found.values, found.kind, found.columns)
    else:
        for place, name in enumerate(names):
            column = graph.constant(place, np.int64)
            graph.output(name, graph.node("Gather", found.values, column, axis=1), found.kind)


def _give_class(graph: "Graph", found: "Answer", name: str, values: Sequence[ClassValue]) -> None:
    from sqlml.zoo.export.onnx_graph import BOOLEAN, DOUBLE, INT64, STRING

    dtype, kind = {bool: (bool, BOOLEAN), int: (np.int64, INT64), str: (object, STRING)}[
        type(values[0])
    ]
    graph.output(name, graph.node("Gather", graph.constant(values, dtype), found.chosen), kind)
    if found.chances:
        chances = found.chances
        if found.classes != tuple(range(len(values))):
            places = np.eye(len(values))[list(found.classes)]  # training saw fewer classes
            chances = graph.node("MatMul", chances, graph.constant(places))
        graph.output(f"{name}_proba", chances, DOUBLE, len(values))

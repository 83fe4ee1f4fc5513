"""A model on numbers as ONNX, by the converters of the ONNX project.

The model takes one tensor, `features` of shape (rows, columns). Its metadata says which column is
which (`sqlml.columns`, JSON) and what the numbers of the classes stand for (`sqlml.classes`).
"""

import json
import logging
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle
from sqlml.zoo.export.contract import Export, Format, inexpressible
from sqlml.zoo.features.number import Number

INPUT = "features"


def _write(export: Export, to: Path) -> None:
    """Raises:
    StepError: E0581 the model has no ONNX form, E0582 the converter is not installed.
    """
    bundle = export.bundle
    _check_features(bundle)
    convert = _CONVERTERS.get(type(bundle.estimator).__name__)
    if convert is None:
        hint = "written are single models of XGBoost, LightGBM and scikit-learn"
        raise inexpressible(f"`{bundle.manifest.estimator}`", "ONNX", hint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.getLogger("skl2onnx").setLevel(logging.ERROR)
            model = convert(bundle.estimator, bundle.pipeline.width)
    except ImportError as missing:
        raise StepError(
            Diagnostic(
                "E0582",
                f"ONNX needs a package that is not installed: {missing.name}",
                hint="pip install 'sqlml[onnx]'",
            )
        ) from missing
    except Exception as error:
        reason = str(error).strip().splitlines()
        hint = f"the converter says: {reason[0][:200]}" if reason else "try `--format native`"
        raise inexpressible(f"`{bundle.manifest.estimator}`", "ONNX", hint) from error
    _describe(model, export)
    to.write_bytes(model.SerializeToString())


FORMAT = Format(".onnx", _write)


def _check_features(bundle: Bundle) -> None:
    """Preprocessing is not part of an ONNX file: what goes in must be the columns as they are."""
    for feature in bundle.pipeline.features:
        if not isinstance(feature, Number):
            raise inexpressible(
                f"the feature {feature.function}(…) of `{feature.label}`",
                "ONNX",
                "only numbers as they are go into ONNX; `--format sql` and `native` keep all",
            )


def _describe(model: Any, export: Export) -> None:
    manifest = export.bundle.manifest
    facts = {
        "sqlml.model": export.reference,
        "sqlml.columns": json.dumps(export.bundle.pipeline.names, ensure_ascii=False),
        "sqlml.label": json.dumps([one["name"] for one in manifest.label], ensure_ascii=False),
        "sqlml.classes": json.dumps(manifest.classes, ensure_ascii=False),
    }
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value)


def _xgboost(estimator: Any, width: int) -> Any:
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    booster = estimator.booster.copy()
    booster.feature_names = [f"f{place}" for place in range(width)]  # as the converter wants them
    return convert_xgboost(booster, initial_types=[(INPUT, FloatTensorType([None, width]))])


def _lightgbm(estimator: Any, width: int) -> Any:
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    types = [(INPUT, FloatTensorType([None, width]))]
    return convert_lightgbm(estimator.booster, initial_types=types, zipmap=False)


def _sklearn(estimator: Any, width: int) -> Any:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    fitted = estimator.fitted
    # trees compare numbers of single precision, others compute in double precision
    is_tree = hasattr(fitted, "tree_") or hasattr(fitted, "estimators_")
    kind = FloatTensorType if is_tree else DoubleTensorType
    options = {id(fitted): {"zipmap": False}} if hasattr(fitted, "predict_proba") else None
    return convert_sklearn(fitted, initial_types=[(INPUT, kind([None, width]))], options=options)


_CONVERTERS: Mapping[str, Callable[[Any, int], Any]] = {
    "XGBoostEstimator": _xgboost,
    "LightGBMEstimator": _lightgbm,
    "SklearnEstimator": _sklearn,
}

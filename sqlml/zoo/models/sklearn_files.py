"""Saves and loads scikit-learn estimators with skops: no pickle, and a fixed list of types."""

import re
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

from sqlml.errors import Diagnostic, StepError

FILE = "model.skops"
SCHEMA = "schema.json"

# Beside scikit-learn's public estimators, what fitted ones are made of. Loading anything else is
# refused: a file can name a function, and a function can do harm.
TRUSTED = frozenset(
    {
        "functools.partial",  # of a function that is itself on this list
        "numpy.dtype",
        "numpy.matrix",
        "numpy.mean",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
        "scipy.sparse._csr.csr_matrix",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.calibration._TemperatureScaling",
        "sklearn.cluster._bisect_k_means._BisectingTree",
        "sklearn.cluster._kmeans._kmeans_single_elkan",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils.validation.check_array",
    }
)
TRUSTED_MODULES = ("sklearn._loss.loss.", "sklearn.metrics._dist_metrics.")

# Matrices between all training rows, which no prediction needs.
DROPPED = ("affinity_matrix_", "dissimilarity_matrix_")


_ADDRESS = re.compile(r'("__id__": |"file": ")(\d+)')


def save(fitted: Any, folder: Path) -> None:
    """Write a fitted estimator: the same bytes for the same estimator."""
    import skops.io

    dropped = {name: fitted.__dict__.pop(name) for name in DROPPED if name in fitted.__dict__}
    try:
        dumped = skops.io.dumps(fitted)
    finally:
        fitted.__dict__.update(dropped)
    _write_without_addresses(dumped, folder / FILE)


def load(folder: Path) -> Any:
    """Read a fitted estimator.

    Raises:
        StepError: the file names a type or function that no model of ours has.
    """
    import skops.io

    file = folder / FILE
    named = skops.io.get_untrusted_types(file=file)
    foreign = [name for name in named if not _is_trusted(name)]
    if foreign:
        raise StepError(
            Diagnostic(
                "E0485",
                f"the model's file holds what sqlml does not load: {', '.join(sorted(foreign))}",
                hint="train the model again; if you did not make this file, delete it",
                about="using",
            )
        )
    with warnings.catch_warnings():  # of a later version's plans; the manifest records versions
        warnings.simplefilter("ignore")
        return skops.io.load(file, trusted=named)


def _write_without_addresses(dumped: bytes, file: Path) -> None:
    """skops calls an object's parts by where they were in memory, and dates them."""
    with ZipFile(BytesIO(dumped)) as source, ZipFile(file, "w") as target:
        schema = source.read(SCHEMA).decode()
        addresses = dict.fromkeys(address for _, address in _ADDRESS.findall(schema))
        numbers = {address: str(number) for number, address in enumerate(addresses)}
        schema = _ADDRESS.sub(lambda match: match[1] + numbers[match[2]], schema)
        target.writestr(ZipInfo(SCHEMA), schema)
        for name in source.namelist():
            if name != SCHEMA:
                address, dot, kind = name.partition(".")
                target.writestr(ZipInfo(f"{numbers[address]}{dot}{kind}"), source.read(name))


def _is_trusted(name: str) -> bool:
    return name in TRUSTED or name.startswith(TRUSTED_MODULES)

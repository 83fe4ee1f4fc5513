"""Saves and loads scikit-learn estimators with skops: no pickle, and a fixed list of types."""

import warnings
from pathlib import Path
from typing import Any

from sqlml.errors import Diagnostic, StepError

FILE = "model.skops"

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


def save(fitted: Any, folder: Path) -> None:
    """Write a fitted estimator."""
    import skops.io

    dropped = {name: fitted.__dict__.pop(name) for name in DROPPED if name in fitted.__dict__}
    try:
        skops.io.dump(fitted, folder / FILE)
    finally:
        fitted.__dict__.update(dropped)


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


def _is_trusted(name: str) -> bool:
    return name in TRUSTED or name.startswith(TRUSTED_MODULES)

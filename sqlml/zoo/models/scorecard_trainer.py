"""Fits score cards: bins, their weights of evidence, and a logistic regression on these."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.attributes import Value, number
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.binning import Bins, Floats, evidence, quantile_bins, tree_bins
from sqlml.zoo.models.library_notes import noted
from sqlml.zoo.models.scorecard import FAMILY, Scale
from sqlml.zoo.models.scorecard_estimator import Characteristic, ScoreCardEstimator, load

MOST_STEPS = 1_000


class ScoreCardTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> ScoreCardEstimator:
        """Bin every feature by itself, then weigh all features together.

        Raises:
            StepError: E0481, an earlier model is to go on.
        """
        if job.base is not None:
            raise StepError(
                Diagnostic(
                    "E0481",
                    f"`{job.model}` cannot go on from an earlier model",
                    hint="leave USING out: the model is trained from the start",
                    about="using",
                )
            )
        known = FAMILY.find(job.model)
        assert known is not None
        given = known.parameters.filled(job.parameters)
        batch = job.train.whole()
        rows = np.asarray(batch.matrix, dtype=np.float64)
        assert batch.label is not None
        good = batch.label == (0 if given["good_class"] == "first" else 1)
        weight = np.ones(len(rows)) if batch.weight is None else batch.weight.astype(np.float64)
        learnt = []
        for place, kind in enumerate(job.train.types):
            column = rows[:, place]
            bins = _code_bins(column) if kind == "c" else _bins(column, good, given, job.seed)
            found = evidence(bins, column, good, weight, number(given["smoothing"]))
            learnt.append((bins, found))
        woe = np.column_stack([f.woe[b.assign(rows[:, i])] for i, (b, f) in enumerate(learnt)])
        coefficients, intercept = _regression(job, woe, good, weight, given["C"])
        return ScoreCardEstimator(
            tuple(
                Characteristic(name, bins, found, coefficient)
                for name, (bins, found), coefficient in zip(
                    job.train.names, learnt, coefficients, strict=True
                )
            ),
            intercept,
            0 if given["good_class"] == "first" else 1,
            Scale(*(number(given[name]) for name in ("pdo", "base_score", "base_odds"))),
            bool(given["rounded"]),
        )

    def load(self, folder: Path) -> ScoreCardEstimator:
        return load(folder)


def _bins(column: Floats, good: NDArray[np.bool_], given: dict[str, Value], seed: int) -> Bins:
    most = int(number(given["bins"]))
    if given["binning"] == "tree":
        return tree_bins(column, good, most, number(given["min_share"]), seed)
    return quantile_bins(column, most)


def _code_bins(column: Floats) -> Bins:
    known = column[~np.isnan(column)]
    return Bins(codes=int(known.max()) + 1) if len(known) else Bins()


def _regression(
    job: FitJob, woe: Floats, good: NDArray[np.bool_], weight: Floats, strength: Value
) -> tuple[list[float], float]:
    from sklearn.linear_model import LogisticRegression

    inverse = np.inf if strength is None else number(strength)
    with noted("scikit-learn", job.note):
        fitted = LogisticRegression(C=inverse, max_iter=MOST_STEPS, tol=1e-8).fit(woe, good, weight)
    return fitted.coef_[0].tolist(), float(fitted.intercept_[0])

"""ScoreCard: its name, attributes and scale of points, known without loading a library."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log

from sqlml.zoo.attributes import Attribute, Dictionary, Value
from sqlml.zoo.library import SCIPY, SKLEARN
from sqlml.zoo.model import ModelType
from sqlml.zoo.models.dictionaries.booster_attributes import choice, flag, integer, number
from sqlml.zoo.models.named_family import NamedFamily
from sqlml.zoo.remarks import Remark
from sqlml.zoo.settings import TRAIN

PARAMETERS = Dictionary(
    (
        integer(
            "bins", 5, 2, "Most bins of a number; NULL has one of its own besides.", "pf_bin_size"
        ),
        choice(
            "binning",
            "quantile",
            ("quantile", "tree"),
            "Bins of as many rows each, or those of a decision tree for the label.",
        ),
        number(
            "min_share",
            0.05,
            0,
            "Least share of the rows in a bin of a tree.",
            maximum=0.5,
            below=True,
            above=True,
        ),
        number("smoothing", 0.5, 0, "Added to the rows of each class in a bin.", above=True),
        Attribute(
            "C",
            ("number",),
            None,
            "Inverse strength of L2 regularization; NULL: none.",
            minimum=0,
            open_minimum=True,
            choices=(None,),
        ),
        number("pdo", 20, 0, "Points that double the odds.", above=True),
        number("base_score", 600, None, "The score at the odds `base_odds`."),
        number("base_odds", 50, 0, "Odds of the good class to the bad one at it.", above=True),
        choice(
            "good_class",
            "first",
            ("first", "second"),
            "Which of the two classes, in ascending order, high scores stand for.",
        ),
        flag("rounded", True, "Round the points of each bin to whole numbers."),
    )
)


@dataclass(frozen=True, slots=True)
class Scale:
    """Points of log odds: `score = offset + factor * ln(odds of the good class)`."""

    pdo: float
    base_score: float
    base_odds: float

    @property
    def factor(self) -> float:
        return self.pdo / log(2)

    @property
    def offset(self) -> float:
        return self.base_score - self.factor * log(self.base_odds)


def remarks(_model: ModelType, given: Mapping[str, Value]) -> Iterator[Remark]:
    """A least share is for trees."""
    if "model.min_share" in given and given.get("model.binning", "quantile") != "tree":
        message = "`model.min_share` has no effect without `model.binning = 'tree'`"
        yield Remark("model.min_share", message, is_fault=False)


FAMILY = NamedFamily(
    (
        ModelType(
            name="scorecard.ScoreCard",
            family="scorecard",
            libraries=(SKLEARN, SCIPY),
            task="classification",
            parameters=PARAMETERS,
            settings=TRAIN.only("seed", "weight"),
            trainer="sqlml.zoo.models.scorecard_trainer:ScoreCardTrainer",
            categories="native",
            missing=True,
            binary=True,
            doc="Points for each bin of each feature: weight of evidence and logistic regression.",
        ),
    ),
    prefixes=("sqlflow_models",),
    remarks=remarks,
)

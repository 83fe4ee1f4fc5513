"""The attributes that are no estimator's own: `train.*`, `validation.*`, `predict.*` …"""

from collections.abc import Mapping

from sqlml.zoo.attributes import Attribute, Dictionary, WithoutEffect
from sqlml.zoo.inspection_settings import CHECK, EVALUATE, EXPLAIN
from sqlml.zoo.metrics import spellings
from sqlml.zoo.solving.domain import DEFAULT, DOMAINS

# A family takes from these what it understands: `TRAIN.only("seed", "weight")`.
TRAIN = Dictionary(
    (
        Attribute(
            "num_boost_round",
            ("integer",),
            default=10,
            minimum=1,
            aliases=("n_estimators",),
            doc="How many rounds of boosting; each adds a tree, or one tree per class.",
        ),
        Attribute(
            "early_stopping_rounds",
            ("integer",),
            minimum=1,
            choices=(None,),
            doc="Stop after this many rounds without a better validation score, and keep the best.",
        ),
        Attribute(
            "num_workers",
            ("integer",),
            default=1,
            minimum=1,
            doc="How many workers share one training; one machine uses threads instead.",
        ),
        Attribute(
            "seed",
            ("integer",),
            default=0,
            minimum=0,
            maximum=2**31 - 1,
            doc="Where random numbers start: the same seed and rows give the same model.",
        ),
        Attribute(
            "disk_cache",
            ("boolean",),
            default=False,
            doc="Keep the prepared rows on disk, for a table that does not fit in memory.",
        ),
        Attribute(
            "weight",
            ("text",),
            choices=(None,),
            doc="The column that says how much each row counts; it is no feature.",
        ),
        Attribute(
            "class_weight",
            ("list",),
            choices=("balanced", None),
            doc="`balanced` makes every class count the same; a list gives each class its weight.",
        ),
        Attribute(
            "group",
            ("text",),
            choices=(None,),
            doc="The column that says which rows are ranked against each other; it is no feature.",
        ),
        Attribute(
            "time",
            ("text",),
            choices=(None,),
            doc="The column that says when a row is; otherwise the only date or time of the query.",
        ),
        Attribute(
            "series",
            ("text",),
            choices=(None,),
            doc="The column that tells several series apart; each gets a model of its own.",
        ),
        Attribute("batch_size", ("integer",), default=32, minimum=1, doc="Rows in one step."),
        Attribute("epoch", ("integer",), default=1, minimum=1, doc="Passes over all rows."),
        Attribute(
            "verbose", ("integer",), default=0, minimum=0, maximum=2, doc="How much is printed."
        ),
        Attribute(
            "max_steps", ("integer",), default=0, minimum=0, doc="Most steps to take; 0: no limit."
        ),
    )
)

# Any model can be trained once per segment.
PARTITION = Dictionary(
    (
        Attribute(
            "partition_by",
            ("text",),
            several=True,
            doc="Columns that split the rows: each combination of their values has its own model.",
        ),
        Attribute(
            "partition_default",
            choices=("global", None),
            doc="`global` trains a model of all rows too, for keys without a model of their own.",
        ),
    )
)

# How SQLFlow programs share a training out over a cluster of Alibaba's PAI.
CLUSTER = Dictionary(
    WithoutEffect(name, doc="one machine trains, with the cores and memory that it has")
    for name in (
        *("num_ps", "num_evaluator", "worker_cpu", "worker_gpu", "ps_cpu", "ps_gpu"),
        *("evaluator_cpu", "evaluator_gpu"),
    )
)

_METRICS = Attribute(
    "metrics",
    choices=spellings(),
    several=True,
    doc="What to measure: names as in scikit-learn or Keras, in any case.",
)

_STEPS = WithoutEffect("steps", doc="all rows are measured")

VALIDATION = Dictionary(
    (
        Attribute(
            "select",
            ("text",),
            doc="A query for the rows to validate on, with the same columns as the training rows.",
        ),
        Attribute(
            "split",
            ("number",),
            minimum=0,
            maximum=1,
            open_minimum=True,
            open_maximum=True,
            doc="The share of rows held back to validate on: drawn by the seed, even over classes.",
        ),
        Attribute(
            "folds",
            ("integer",),
            minimum=2,
            maximum=1000,
            doc="Cross-validate on so many folds, drawn by the seed; the model gets all rows.",
        ),
        _METRICS,
    )
)

# On which rows trials are compared where nothing else is said; the share is of the newest ones.
SEARCH_FOLDS = 5
SEARCH_SHARE = 0.2

TUNE = Dictionary(
    (
        Attribute(
            "trials",
            ("integer",),
            default=20,
            minimum=1,
            maximum=1000,
            doc="How many combinations of values to try; GRID alone tries all.",
        ),
        Attribute(
            "metric",
            choices=spellings(),
            doc="What to compare trials by: else the first of `validation.metrics`, else the"
            " first that is usual for the task.",
        ),
        Attribute(
            "timeout",
            ("number",),
            minimum=0,
            open_minimum=True,
            doc="Seconds after which no trial begins, and those at work end.",
        ),
        Attribute(
            "parallel",
            ("integer",),
            default=4,
            minimum=1,
            doc="How many trials are chosen at a time; the same number gives the same search.",
        ),
        Attribute(
            "strategy",
            choices=("optuna", "halving", "llm"),
            default="optuna",
            doc="`halving` begins `tune.trials` trials with few rounds or epochs; ever fewer of the"
            " best get more. `llm` tries what the setting `advisor` predicts most of.",
        ),
        Attribute(
            "predictions",
            ("integer",),
            default=8,
            minimum=2,
            maximum=100,
            doc="With `llm`: how many trainings are predicted before the best one is tried.",
        ),
        Attribute(
            "reduction",
            ("integer",),
            default=3,
            minimum=2,
            maximum=100,
            doc="With `halving`: of so many trials one goes on, with so many times as much.",
        ),
        Attribute(
            "pruner",
            choices=("none", "median"),
            default="none",
            doc="`median` gives trials up that are worse than most were after as many rounds or"
            " folds.",
        ),
    )
)

PREDICT = Dictionary(
    (
        Attribute(
            "probability",
            ("boolean",),
            default=False,
            doc="Add one column per class with its probability: `<column>_proba_<class>`.",
        ),
        Attribute(
            "extra_outputs",
            ("text",),
            several=True,
            doc="Further results of the model to add as columns, such as `score` of an outlier.",
        ),
        Attribute(
            "steps",
            ("integer",),
            minimum=1,
            doc="How many times after the training to forecast, instead of the query's rows.",
        ),
        Attribute(
            "forecast_start", ("text", "number"), doc="The first time to forecast, up to its end."
        ),
        Attribute(
            "forecast_end",
            ("text", "number"),
            doc="The last time to forecast, instead of the times of the query's rows.",
        ),
        Attribute(
            "interval",
            ("number",),
            default=0.95,
            minimum=0,
            maximum=1,
            open_minimum=True,
            open_maximum=True,
            doc="How likely a value lies between a forecast's extra outputs `lower` and `upper`.",
        ),
        Attribute(
            "batch_size", ("integer",), default=65536, minimum=1, doc="Rows predicted at a time."
        ),
        WithoutEffect("num_workers", doc="one machine uses threads instead"),
    )
)

SOLVER = Dictionary(
    (
        Attribute("variables", ("text",), doc='What is chosen: `"x(column)"` or `"column"`.'),
        Attribute(
            "var_type", choices=tuple(DOMAINS), default=DEFAULT, doc="What values it may have."
        ),
        Attribute(
            "time_limit",
            ("number",),
            minimum=0,
            open_minimum=True,
            doc="Stop after this many seconds, with the best values found by then.",
        ),
        Attribute(
            "gap",
            ("number",),
            minimum=0,
            doc="Stop when no values can be better by more than this share of the objective.",
        ),
        Attribute("threads", ("integer",), minimum=1, doc="How many threads the solver uses."),
        Attribute(
            "seed",
            ("integer",),
            minimum=0,
            maximum=2**31 - 1,
            doc="Where random numbers start, of solvers that draw any.",
        ),
    )
)

# What may stand in the WITH of each statement, by namespace; TRAIN's own part is its model's.
STATEMENTS: Mapping[str, Mapping[str, Dictionary]] = {
    "train": {"train": PARTITION.merge(CLUSTER), "validation": VALIDATION, "tune": TUNE},
    "predict": {"predict": PREDICT},
    "evaluate": {"validation": Dictionary((_METRICS, _STEPS)), "evaluate": EVALUATE},
    "explain": {"explain": EXPLAIN},
    "maximize": {"solver": SOLVER},
    "minimize": {"solver": SOLVER},
    "check": {"check": CHECK},
}

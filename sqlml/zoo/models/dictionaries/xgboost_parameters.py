"""Every parameter that XGBoost takes, in one line each: its type, range, default and meaning."""

from sqlml.zoo.attributes import Attribute, Dictionary
from sqlml.zoo.models.dictionaries.booster_attributes import (
    Metrics,
    choice,
    flag,
    integer,
    nested,
    number,
    numbers,
    reserved,
    share,
    text,
)

CLASSIFIERS = (
    "binary:logistic",
    "binary:logitraw",
    "binary:hinge",
    "multi:softprob",
    "multi:softmax",
)
REGRESSORS = (
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:absoluteerror",
    "reg:quantileerror",
    "reg:gamma",
    "reg:tweedie",
    "count:poisson",
    "survival:cox",
    "survival:aft",
)
RANKERS = ("rank:ndcg", "rank:map", "rank:pairwise")

METRICS = (
    *("rmse", "rmsle", "mae", "mape", "mphe", "quantile"),
    *("logloss", "error", "merror", "mlogloss", "auc", "aucpr"),
    *("pre", "ndcg", "ndcg-", "map", "map-"),
    *("poisson-nloglik", "gamma-nloglik", "gamma-deviance", "cox-nloglik"),
    *("aft-nloglik", "interval-regression-accuracy"),
)
METRICS_CUT_AT = frozenset({"error", "pre", "ndcg", "map", "ams", "tweedie-nloglik"})


def objective(choices: tuple[str, ...]) -> Attribute:
    return choice(
        "objective",
        None,
        choices,
        "What training minimizes; without it, the label's type and classes decide.",
    )


GENERAL = (
    flag("disable_default_eval_metric", False, "Measure only the metrics named in `eval_metric`."),
    text("device", "Where to train: `cpu`, `cuda`, or `cuda:1` for the second GPU."),
    integer("verbosity", 0, 0, "How much the library logs, 0 (nothing) to 3.", maximum=3),
    flag("validate_parameters", True, "Let the library name parameters that it does not use."),
    integer(
        "nthread", None, -1, "Threads at most; the step's share of the cores limits it.", "n_jobs"
    ),
    integer(
        "seed",
        0,
        0,
        "Where random numbers start; the same as `train.seed`.",
        "random_state",
        maximum=2**31 - 1,
    ),
    flag("seed_per_iteration", False, "Start the random numbers anew in each round."),
    numbers("base_score", "The prediction to start from; estimated from the label when not given."),
    Metrics(
        "eval_metric",
        doc="Metrics to measure in each round; the last one decides about early stopping.",
        choices=METRICS,
        several=True,
        cut_at=METRICS_CUT_AT,
    ),
    integer("num_class", None, 0, "Number of classes; counted in the label when not given."),
    number("scale_pos_weight", 1, 0, "Weight of the second class in a two-class label."),
    number(
        "tweedie_variance_power",
        1.5,
        1,
        "Spread of `reg:tweedie`: near 1 like Poisson, near 2 like gamma.",
        maximum=2,
        below=True,
    ),
    number("huber_slope", 1, 0, "Where `reg:pseudohubererror` turns from square to linear."),
    numbers("quantile_alpha", "Quantiles that `reg:quantileerror` predicts.", minimum=0, maximum=1),
    choice(
        "aft_loss_distribution",
        "normal",
        ("normal", "logistic", "extreme"),
        "Distribution of the noise in `survival:aft`.",
    ),
    number(
        "aft_loss_distribution_scale", 1, 0, "Scale of the noise in `survival:aft`.", above=True
    ),
    choice(
        "lambdarank_pair_method",
        "topk",
        ("topk", "mean"),
        "How pairs are formed in ranking: from the top ranks, or sampled for each row.",
    ),
    integer(
        "lambdarank_num_pair_per_sample", None, 1, "Pairs per row (mean), or top ranks (topk)."
    ),
    flag("lambdarank_normalization", True, "Normalize the gradients of a group in ranking."),
    flag("lambdarank_score_normalization", True, "Normalize pairs by the difference of scores."),
    flag("lambdarank_unbiased", False, "Correct for clicks that depend on the position."),
    number("lambdarank_bias_norm", 1, 0, "Norm of the position correction."),
    flag("ndcg_exp_gain", True, "Use 2^relevance - 1 as the gain of a row in NDCG."),
    choice(
        "multi_strategy",
        "one_output_per_tree",
        ("one_output_per_tree", "multi_output_tree"),
        "With several outputs: a tree for each, or one tree for all.",
    ),
    number("max_delta_step", 0, 0, "Largest step of a leaf, 0 is no limit; 0.7 for counts."),
    reserved("num_feature", "it follows from the columns"),
    reserved("num_target", "it follows from the number of labels"),
    reserved("boost_from_average", "give the start with `base_score` instead"),
    reserved("fail_on_invalid_gpu_id", "a device that is not there is always an error"),
)

TREE = (
    number(
        "eta",
        0.3,
        0,
        "Step size: smaller learns slower and overfits less.",
        "learning_rate",
        maximum=1,
    ),
    number("gamma", 0, 0, "Least gain that a split must bring.", "min_split_loss"),
    integer("max_depth", 6, 0, "Deepest tree; 0 is no limit."),
    number("min_child_weight", 1, 0, "Least sum of row weights (hessian) in a leaf."),
    share("subsample", 1, "Share of the rows drawn for each round."),
    choice(
        "sampling_method",
        "uniform",
        ("uniform", "gradient_based"),
        "How rows are drawn; `gradient_based` needs a GPU.",
    ),
    share("colsample_bytree", 1, "Share of the features drawn for each tree."),
    share("colsample_bylevel", 1, "Share of the features drawn for each level of a tree."),
    share("colsample_bynode", 1, "Share of the features drawn for each split."),
    number("lambda", 1, 0, "L2 regularization of the weights.", "reg_lambda"),
    number("alpha", 0, 0, "L1 regularization of the weights.", "reg_alpha"),
    choice(
        "tree_method",
        "auto",
        ("auto", "hist", "approx", "exact"),
        "How splits are found: in bins (hist, the default), in new bins each round, or exactly.",
    ),
    text("updater", "The library's tree updaters by name, comma-separated, for experts."),
    flag("refresh_leaf", True, "The `refresh` updater also sets the leaves anew."),
    choice(
        "process_type",
        "default",
        ("default", "update"),
        "`update` changes the trees of the model named in USING instead of adding trees.",
    ),
    choice(
        "grow_policy",
        "depthwise",
        ("depthwise", "lossguide"),
        "Grow a tree level by level, or always at the split that gains most.",
    ),
    integer("max_leaves", 0, 0, "Most leaves of a tree; 0 is no limit."),
    integer("max_bin", 256, 2, "Most bins of a feature."),
    integer("num_parallel_tree", 1, 1, "Trees that grow side by side in a round."),
    nested("monotone_constraints", "Per feature: 1 rising, -1 falling, 0 free."),
    nested("interaction_constraints", "Groups of features, by name, that may meet in a branch."),
    integer("max_cached_hist_node", None, 1, "Histograms kept in memory at most."),
    integer(
        "max_cat_to_onehot", 4, 1, "Features with fewer categories split one against the rest."
    ),
    integer("max_cat_threshold", 64, 1, "Most categories considered in one split."),
    number(
        "sparse_threshold",
        0.2,
        0,
        "Share of filled cells below which a feature is sparse.",
        maximum=1,
    ),
    choice(
        "default_direction",
        "learn",
        ("learn", "left", "right"),
        "Where missing values go in `exact` trees.",
    ),
    number(
        "opt_dense_col", 1, 0, "Density above which `exact` takes a feature as dense.", maximum=1
    ),
    reserved("debug_synchronize", "it is for the library's own tests"),
    reserved("updater_seq", "write `updater`"),
)

DART = (
    choice(
        "sample_type", "uniform", ("uniform", "weighted"), "Which trees to drop: any, or by weight."
    ),
    choice(
        "normalize_type",
        "tree",
        ("tree", "forest"),
        "Weight of new trees: as each dropped tree, or as all of them.",
    ),
    number("rate_drop", 0, 0, "Share of the trees dropped in a round.", maximum=1),
    flag("one_drop", False, "Always drop at least one tree."),
    number("skip_drop", 0, 0, "Probability that a round drops nothing.", maximum=1),
)

LINEAR = (
    number("eta", 0.5, 0, "Step size.", "learning_rate"),
    number("lambda", 0, 0, "L2 regularization of the weights.", "reg_lambda"),
    number("alpha", 0, 0, "L1 regularization of the weights.", "reg_alpha"),
    choice(
        "updater",
        "shotgun",
        ("shotgun", "coord_descent"),
        "How weights are found; `shotgun` runs in one thread here, to give the same every time.",
    ),
    choice(
        "feature_selector",
        "cyclic",
        ("cyclic", "shuffle", "random", "greedy", "thrifty"),
        "The order in which weights are updated.",
    ),
    integer("top_k", 0, 0, "Weights updated per round by `greedy` and `thrifty`; 0 is all."),
    number("tolerance", 0, 0, "Stop when no weight changes by more than this."),
    reserved("max_row_perbatch", "the rows are always taken as a whole"),
)


def booster(choices: tuple[str, ...]) -> Attribute:
    return choice("booster", choices[0], choices, "Trees, trees with dropout, or a linear model.")


def tree_parameters(*objectives: str) -> Dictionary:
    """Of `xgboost.gbtree`."""
    return Dictionary((objective(objectives), booster(("gbtree", "dart")), *TREE, *GENERAL))


def dart_parameters(*objectives: str) -> Dictionary:
    """Of `xgboost.dart`."""
    return Dictionary((objective(objectives), booster(("dart",)), *TREE, *DART, *GENERAL))


def linear_parameters(*objectives: str) -> Dictionary:
    """Of `xgboost.gblinear`."""
    return Dictionary((objective(objectives), booster(("gblinear",)), *LINEAR, *GENERAL))


def wrapper_parameters(*objectives: str) -> Dictionary:
    """Of the models named like scikit-learn's, where `booster` is a parameter."""
    boosters = booster(("gbtree", "dart", "gblinear"))
    return Dictionary((*LINEAR, objective(objectives), boosters, *TREE, *DART, *GENERAL))

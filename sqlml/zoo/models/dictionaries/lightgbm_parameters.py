"""Every parameter that LightGBM takes, in one line each: its type, range, default and meaning."""

from sqlml.zoo.attributes import Attribute, Dictionary
from sqlml.zoo.model import Task
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

_FORCED_SPLITS = text(
    "forcedsplits_filename",
    "A JSON file with splits to make at the top of each tree.",
    *("fs", "forced_splits_filename", "forced_splits_file", "forced_splits"),
)
_FORCED_BINS = text("forcedbins_filename", "A JSON file with bounds of bins.")
FILES = frozenset({
    *(_FORCED_SPLITS.name, *_FORCED_SPLITS.aliases),
    *(_FORCED_BINS.name, *_FORCED_BINS.aliases),
})  # fmt: skip
"""Attributes that name a file, which clients of a served database may not."""

OBJECTIVES: dict[Task, dict[str, tuple[str, ...]]] = {
    "classification": {
        "binary": (),
        "multiclass": ("softmax",),
        "multiclassova": ("multiclass_ova", "ova", "ovr"),
    },
    "regression": {
        "regression": (
            *("regression_l2", "l2", "mean_squared_error", "mse"),
            *("l2_root", "root_mean_squared_error", "rmse"),
        ),
        "regression_l1": ("l1", "mean_absolute_error", "mae"),
        "huber": (),
        "fair": (),
        "poisson": (),
        "quantile": (),
        "mape": ("mean_absolute_percentage_error",),
        "gamma": (),
        "tweedie": (),
        "cross_entropy": ("xentropy",),
        "cross_entropy_lambda": ("xentlambda",),
    },
    "ranking": {
        "lambdarank": (),
        "rank_xendcg": ("xendcg", "xe_ndcg", "xe_ndcg_mart", "xendcg_mart"),
    },
}


def objectives(task: Task) -> tuple[str, ...]:
    """Every spelling of every objective for that task."""
    return tuple(n for name, others in OBJECTIVES[task].items() for n in (name, *others))


CLASSIFIERS = objectives("classification")
REGRESSORS = objectives("regression")
RANKERS = objectives("ranking")

METRICS = (
    *("l1", "mean_absolute_error", "mae", "regression_l1"),
    *("l2", "mean_squared_error", "mse", "regression_l2", "regression"),
    *("rmse", "root_mean_squared_error", "l2_root", "r2"),
    *("quantile", "mape", "mean_absolute_percentage_error", "huber", "fair", "poisson"),
    *("gamma", "gamma_deviance", "tweedie"),
    *("ndcg", "lambdarank", "rank_xendcg", "xendcg", "xe_ndcg", "xe_ndcg_mart", "xendcg_mart"),
    *("map", "mean_average_precision", "auc", "average_precision"),
    *("binary_logloss", "binary", "binary_error", "auc_mu"),
    *("multi_logloss", "multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr"),
    *("multi_error", "cross_entropy", "xentropy", "cross_entropy_lambda", "xentlambda"),
    *("kullback_leibler", "kldiv", "None"),
)

ROUND_ALIASES = (
    *("num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees", "num_round"),
    *("num_rounds", "nrounds", "n_estimators", "max_iter"),
)
STOPPING_ALIASES = ("early_stopping_round", "early_stopping", "n_iter_no_change")

LEARNING = (
    number("learning_rate", 0.1, 0, "Step size.", "eta", "shrinkage_rate", above=True),
    integer(
        "num_leaves",
        31,
        2,
        "Most leaves of a tree.",
        *("num_leaf", "max_leaves", "max_leaf", "max_leaf_nodes"),
        maximum=131072,
    ),
    choice(
        "tree_learner",
        "serial",
        ("serial", "feature", "data", "voting"),
        "How a tree is built over several machines; one machine is `serial`.",
        *("tree", "tree_type", "tree_learner_type"),
    ),
    integer(
        "num_threads",
        None,
        -1,
        "Threads at most; the step's share of the cores limits it.",
        *("num_thread", "nthread", "nthreads", "n_jobs"),
    ),
    choice("device_type", "cpu", ("cpu", "gpu", "cuda"), "Where to train.", "device"),
    integer(
        "seed",
        0,
        0,
        "Where random numbers start; the same as `train.seed`.",
        *("random_seed", "random_state"),
        maximum=2**31 - 1,
    ),
    flag("deterministic", True, "The same model whatever the number of threads."),
    flag("force_col_wise", False, "Build histograms column by column."),
    flag("force_row_wise", False, "Build histograms row by row; the choice for few features."),
    number("histogram_pool_size", -1, None, "Megabytes for histograms.", "hist_pool_size"),
    integer("max_depth", -1, -1, "Deepest tree; 0 or -1 is no limit."),
    integer(
        "min_data_in_leaf",
        20,
        0,
        "Least rows in a leaf.",
        *("min_data_per_leaf", "min_data", "min_child_samples", "min_samples_leaf"),
    ),
    number(
        "min_sum_hessian_in_leaf",
        1e-3,
        0,
        "Least sum of row weights (hessian) in a leaf.",
        *("min_sum_hessian_per_leaf", "min_sum_hessian", "min_hessian", "min_child_weight"),
    ),
    share(
        "bagging_fraction",
        1,
        "Share of the rows drawn, every `bagging_freq` rounds.",
        *("sub_row", "subsample", "bagging"),
    ),
    share(
        "pos_bagging_fraction",
        1,
        "Share of the rows of the second class drawn.",
        *("pos_sub_row", "pos_subsample", "pos_bagging"),
    ),
    share(
        "neg_bagging_fraction",
        1,
        "Share of the rows of the first class drawn.",
        *("neg_sub_row", "neg_subsample", "neg_bagging"),
    ),
    integer(
        "bagging_freq", 0, 0, "Draw rows anew after so many rounds; 0 is never.", "subsample_freq"
    ),
    integer("bagging_seed", 3, None, "Start of drawing rows.", "bagging_fraction_seed"),
    flag("bagging_by_query", False, "In ranking, draw whole groups."),
    share(
        "feature_fraction",
        1,
        "Share of the features drawn for each tree.",
        *("sub_feature", "colsample_bytree"),
    ),
    share(
        "feature_fraction_bynode",
        1,
        "Share of the features drawn for each split.",
        *("sub_feature_bynode", "colsample_bynode"),
    ),
    integer("feature_fraction_seed", 2, None, "Start of drawing features."),
    flag("extra_trees", False, "Try one random threshold per feature.", "extra_tree"),
    integer("extra_seed", 6, None, "Start of random thresholds."),
    number("early_stopping_min_delta", 0, 0, "Least improvement that counts as better."),
    flag("first_metric_only", False, "Stop early by the first metric only."),
    number(
        "max_delta_step",
        0,
        None,
        "Largest output of a leaf; 0 is no limit.",
        *("max_tree_output", "max_leaf_output"),
    ),
    number("lambda_l1", 0, 0, "L1 regularization of the leaves.", "reg_alpha", "l1_regularization"),
    number(
        "lambda_l2",
        0,
        0,
        "L2 regularization of the leaves.",
        *("reg_lambda", "lambda", "l2_regularization"),
    ),
    number("linear_lambda", 0, 0, "Regularization of linear leaves."),
    number("min_gain_to_split", 0, 0, "Least gain that a split must bring.", "min_split_gain"),
    number("drop_rate", 0.1, 0, "dart: share of the trees dropped.", "rate_drop", maximum=1),
    integer("max_drop", 50, None, "dart: most trees dropped in a round; 0 or less is no limit."),
    number("skip_drop", 0.5, 0, "dart: probability that a round drops nothing.", maximum=1),
    flag("xgboost_dart_mode", False, "dart: weigh trees as XGBoost does."),
    flag("uniform_drop", False, "dart: drop any tree with the same probability."),
    integer("drop_seed", 4, None, "dart: start of drawing trees."),
    number("top_rate", 0.2, 0, "goss: share of rows kept for their large gradient.", maximum=1),
    number("other_rate", 0.1, 0, "goss: share of the other rows kept.", maximum=1),
    integer("min_data_per_group", 100, 1, "Least rows of a group of categories."),
    integer("max_cat_threshold", 32, 1, "Most categories on one side of a split."),
    number("cat_l2", 10, 0, "L2 regularization of splits by category."),
    number("cat_smooth", 10, 0, "Smooths the statistics of rare categories."),
    integer(
        "max_cat_to_onehot", 4, 1, "Features with fewer categories split one against the rest."
    ),
    integer("top_k", 20, 1, "Features that each machine votes for.", "topk"),
    nested(
        "monotone_constraints",
        "Per feature: 1 rising, -1 falling, 0 free.",
        *("mc", "monotone_constraint", "monotonic_cst"),
    ),
    choice(
        "monotone_constraints_method",
        "basic",
        ("basic", "intermediate", "advanced"),
        "How monotony is kept: the later, the slower and the better.",
        *("monotone_constraining_method", "mc_method"),
    ),
    number(
        "monotone_penalty",
        0,
        0,
        "Forbids monotone splits near the root.",
        *("monotone_splits_penalty", "ms_penalty", "mc_penalty"),
    ),
    numbers(
        "feature_contri",
        "Per feature: a factor for the gain of its splits.",
        *("feature_contrib", "fc", "fp", "feature_penalty"),
    ),
    _FORCED_SPLITS,
    number("refit_decay_rate", 0.9, 0, "Share of the old leaf kept in a refit.", maximum=1),
    number("cegb_tradeoff", 1, 0, "Weight of the cost of features against their gain."),
    number("cegb_penalty_split", 0, 0, "Cost of a split."),
    numbers("cegb_penalty_feature_lazy", "Per feature: cost of each row that uses it."),
    numbers("cegb_penalty_feature_coupled", "Per feature: cost of its first use."),
    number("path_smooth", 0, 0, "Draws the output of small leaves towards their parent's."),
    nested("interaction_constraints", "Groups of features, by name, that may meet in a branch."),
    integer("verbosity", -1, None, "How much the library logs; below 0 is errors only.", "verbose"),
    choice(
        "saved_feature_importance_type",
        0,
        (0, 1),
        "Importance written into the model file: splits (0) or gain (1).",
    ),
    flag("use_quantized_grad", False, "Train on gradients rounded to a few bits; faster."),
    integer("num_grad_quant_bins", 4, 2, "Bins of a rounded gradient."),
    flag("quant_train_renew_leaf", False, "Set leaves anew with exact gradients."),
    flag("stochastic_rounding", True, "Round gradients at random."),
    choice(
        "data_sample_strategy",
        "bagging",
        ("bagging", "goss"),
        "Draw rows at random, or by the size of their gradient.",
    ),
)

DATA = (
    flag("linear_tree", False, "Leaves hold linear models.", "linear_trees"),
    integer("max_bin", 255, 2, "Most bins of a feature.", "max_bins"),
    Attribute(
        "max_bin_by_feature",
        ("integer",),
        doc="Per feature: most bins.",
        minimum=2,
        several=True,
    ),
    integer("min_data_in_bin", 3, 1, "Least rows in a bin."),
    integer(
        "bin_construct_sample_cnt",
        200000,
        1,
        "Rows drawn to find the bins.",
        "subsample_for_bin",
    ),
    integer("data_random_seed", None, None, "Start of drawing rows for bins.", "data_seed"),
    flag(
        "is_enable_sparse",
        True,
        "Store sparse features sparsely.",
        *("is_sparse", "enable_sparse", "sparse"),
    ),
    flag(
        "enable_bundle",
        True,
        "Bundle features that are never filled together.",
        *("is_enable_bundle", "bundle"),
    ),
    flag("use_missing", True, "Treat missing values apart."),
    flag("zero_as_missing", False, "Take 0 as missing, too."),
    flag("feature_pre_filter", True, "Leave out features that can make no split."),
    _FORCED_BINS,
)

OBJECTIVE = (
    integer("objective_seed", 5, None, "Start of random numbers of `rank_xendcg`."),
    integer(
        "num_class",
        None,
        1,
        "Number of classes; counted in the label when not given.",
        "num_classes",
    ),
    flag(
        "is_unbalance",
        False,
        "Make two classes count the same.",
        *("unbalance", "unbalanced_sets"),
    ),
    number(
        "scale_pos_weight", 1, 0, "Weight of the second class in a two-class label.", above=True
    ),
    number("sigmoid", 1, 0, "Slope of the sigmoid.", above=True),
    flag("boost_from_average", True, "Start from the label's average."),
    flag("reg_sqrt", False, "Fit the square root of the label."),
    number("alpha", 0.9, 0, "The quantile, or where `huber` turns linear.", above=True),
    number("fair_c", 1, 0, "Where `fair` turns linear.", above=True),
    number("poisson_max_delta_step", 0.7, 0, "Keeps `poisson` steps small.", above=True),
    number(
        "tweedie_variance_power",
        1.5,
        1,
        "Spread of `tweedie`: near 1 like Poisson, near 2 like gamma.",
        maximum=2,
        below=True,
    ),
    integer("lambdarank_truncation_level", 30, 1, "Top ranks that count in ranking."),
    flag("lambdarank_norm", True, "Normalize the gradients of a group in ranking."),
    numbers("label_gain", "Gain of each relevance 0, 1, 2 …; 2^relevance - 1 when not given."),
    number("lambdarank_position_bias_regularization", 0, 0, "Regularization of position effects."),
    Metrics(
        "metric",
        doc="Metrics to measure in each round.",
        choices=METRICS,
        several=True,
        aliases=("metrics", "metric_types"),
    ),
    Attribute(
        "eval_at",
        ("integer",),
        doc="Ranks at which NDCG and MAP are measured.",
        minimum=1,
        aliases=("ndcg_eval_at", "ndcg_at", "map_eval_at", "map_at"),
        several=True,
    ),
    integer("multi_error_top_k", 1, 1, "`multi_error` counts a row right among the top k classes."),
    numbers("auc_mu_weights", "Costs for `auc_mu`, row by row of the class matrix."),
    integer("gpu_platform_id", -1, None, "OpenCL platform."),
    integer("gpu_device_id", -1, None, "The GPU."),
    text("gpu_device_id_list", "The GPUs, comma-separated."),
    flag("gpu_use_dp", False, "Double precision on a GPU."),
    integer("num_gpu", 1, 1, "Number of GPUs."),
)

_FROM_QUERY = "rows come from the query"
_FROM_COLUMNS = "the columns of the query and COLUMN say what is a feature"
_FROM_PREDICT = "predictions follow `TO PREDICT` and its `predict.*` attributes"
_IN_STORE = "models are kept in the store"
_ONE_MACHINE = "training runs on one machine"

RESERVED = (
    reserved("config", "write the attributes in WITH", "config_file"),
    reserved("task", "the statement says what to do", "task_type"),
    reserved("data", _FROM_QUERY, "train", "train_data", "train_data_file", "data_filename"),
    reserved(
        "valid",
        "write `validation.select` or `validation.split`",
        *("test", "valid_data", "valid_data_file", "test_data", "test_data_file"),
        "valid_filenames",
    ),
    reserved("header", _FROM_QUERY, "has_header"),
    reserved("label_column", "write LABEL", "label"),
    reserved("ignore_column", _FROM_COLUMNS, "ignore_feature", "blacklist"),
    reserved(
        "categorical_feature",
        "write `CATEGORY_ID(column, n)` or `VOCABULARY(column)` in COLUMN",
        *("cat_feature", "categorical_column", "cat_column", "categorical_features"),
    ),
    reserved("two_round", _FROM_QUERY, "two_round_loading", "use_two_round_loading"),
    reserved("pre_partition", _ONE_MACHINE, "is_pre_partition"),
    reserved("precise_float_parser", _FROM_QUERY),
    reserved("parser_config_file", _FROM_QUERY),
    reserved("save_binary", _IN_STORE, "is_save_binary", "is_save_binary_file"),
    reserved("input_model", "write USING", "model_input", "model_in"),
    reserved("output_model", "write INTO", "model_output", "model_out"),
    reserved("snapshot_freq", _IN_STORE, "save_period"),
    reserved("convert_model", _IN_STORE, "convert_model_file"),
    reserved("convert_model_language", _IN_STORE),
    reserved(
        "output_result",
        _FROM_PREDICT,
        *("predict_result", "prediction_result", "predict_name", "prediction_name"),
        *("pred_name", "name_pred"),
    ),
    reserved("start_iteration_predict", _FROM_PREDICT),
    reserved("num_iteration_predict", _FROM_PREDICT),
    reserved(
        "predict_raw_score", _FROM_PREDICT, "is_predict_raw_score", "predict_rawscore", "raw_score"
    ),
    reserved("predict_leaf_index", _FROM_PREDICT, "is_predict_leaf_index", "leaf_index"),
    reserved("predict_contrib", "write TO EXPLAIN", "is_predict_contrib", "contrib"),
    reserved("predict_disable_shape_check", _FROM_PREDICT),
    reserved("pred_early_stop", _FROM_PREDICT),
    reserved("pred_early_stop_freq", _FROM_PREDICT),
    reserved("pred_early_stop_margin", _FROM_PREDICT),
    reserved("metric_freq", "metrics are measured in every round", "output_freq"),
    reserved(
        "is_provide_training_metric",
        "write `train.verbose = 1`",
        *("training_metric", "is_training_metric", "train_metric"),
    ),
    reserved("num_machines", _ONE_MACHINE, "num_machine"),
    reserved("local_listen_port", _ONE_MACHINE, "local_port", "port"),
    reserved("time_out", _ONE_MACHINE),
    reserved("machine_list_filename", _ONE_MACHINE, "machine_list_file", "machine_list", "mlist"),
    reserved("machines", _ONE_MACHINE, "workers", "nodes"),
)


def parameters(objectives: tuple[str, ...], boosting: tuple[str, ...]) -> Dictionary:
    """All parameters of a model with these objectives and ways of boosting, the usual first."""
    own = (
        choice(
            "objective",
            None,
            objectives,
            "What training minimizes; without it, the label's type and classes decide.",
            *("objective_type", "app", "application", "loss"),
        ),
        choice(
            "boosting",
            boosting[0],
            boosting,
            "Gradient boosting, with dropout, by gradient size, or a random forest.",
            *("boosting_type", "boost"),
        ),
    )
    return Dictionary((*own, *LEARNING, *DATA, *OBJECTIVE, *RESERVED))

"""Searches as they are planned: the spaces, the metric, the trials as steps."""

import subprocess
import sys

import pytest

from sqlml.workflow.graph import needs
from sqlml.workflow.ir import OutputDeclaration, Outputs, Train, Trial
from sqlml.workflow.serial import from_json, to_json
from sqlml.zoo.search import Choice, Range, Search


def train(attributes: str, model: str = "xgboost.gbtree") -> str:
    return f"SELECT * FROM iris TO TRAIN {model} WITH {attributes} LABEL species INTO m"


def space(bench, attributes: str, model: str = "xgboost.gbtree") -> dict[str, object]:
    trials = bench.operator(train(f"tune.trials = 3, {attributes}", model)).trials
    return dict(trials.search.candidates[0].space)


@pytest.mark.parametrize(
    ("written", "name", "dimension"),
    [
        ("max_depth = RANGE(3, 10)", "model.max_depth", Range(3, 10)),
        ("max_depth = RANGE(3.0, 10.0)", "model.max_depth", Range(3, 10)),
        ("max_depth = RANGE(3, 10, 2)", "model.max_depth", Range(3, 9, 2)),
        ("eta = RANGE(0, 1)", "model.eta", Range(0.0, 1.0, 1.0)),
        ("subsample = RANGE(0.5, 1)", "model.subsample", Range(0.5, 1.0)),
        ("subsample = RANGE(0.5, 0.95, 0.1)", "model.subsample", Range(0.5, 0.9, 0.1)),
        ("learning_rate = LOG_RANGE(1e-3, 1)", "model.eta", Range(0.001, 1.0, None, True)),
        ("n_estimators = LOG_RANGE(10, 99)", "train.num_boost_round", Range(10, 99, None, True)),
        ("grow_policy = CHOICE(Depthwise, 'lossguide')", "model.grow_policy",
         Choice(("depthwise", "lossguide"))),
        ("max_depth = choice(2, 4, 2.0)", "model.max_depth", Choice((2, 4))),
        ("max_depth = GRID(2, 4)", "model.max_depth", Choice((2, 4), grid=True)),
    ],
)  # fmt: skip
def test_a_space_has_values_of_its_attribute(bench, written, name, dimension):
    found = space(bench, written)
    if name == "model.max_depth" and isinstance(dimension, Range):
        assert all(isinstance(end, int) for end in (found[name].low, found[name].high))
    assert found == {name: dimension}


def test_integers_and_numbers_keep_their_meaning_where_both_are_allowed(bench):
    forest = "RandomForestClassifier"
    (counts,) = space(bench, "model.max_features = RANGE(1, 4)", forest).values()
    (shares,) = space(bench, "model.max_features = RANGE(0.25, 1.0)", forest).values()
    assert (counts, shares) == (Range(1, 4), Range(0.25, 1.0))
    (mixed,) = space(bench, "model.max_features = RANGE(0.25, 1)", forest).values()
    assert mixed == shares
    ends = train("tune.trials = 3, model.max_features = RANGE(0.5, 4.0)", forest)
    assert bench.fault(ends)[:2] == ("E0260", "`max_features` takes no numbers between the two")
    assert type(counts.low) is int
    assert type(shares.high) is float


def test_a_search_survives_json(bench):
    trials = bench.operator(
        train(
            "tune.trials = 3, tune.metric = AUC, tune.timeout = 9, tune.pruner = median,"
            " train.seed = 4, eta = LOG_RANGE(0.1, 1), max_depth = GRID(2, 3),"
            " monotone_constraints = CHOICE([1, 0, 0, 0], [0, 0, 0, 0])"
        )
    ).trials
    known = trials.search
    assert (known.metric, known.timeout, known.pruner, known.seed) == ("roc_auc", 9, "median", 4)
    assert Search.from_json(known.to_json()) == known


def test_trials_get_the_results_of_earlier_generations(bench):
    nodes = bench.nodes(train("tune.trials = 5, tune.parallel = 2, max_depth = RANGE(3, 10)"))
    assert list(nodes) == [*(f"train-trial-{number}" for number in range(1, 6)), "train"]
    assert [len(needs(node)) for node in nodes.values()] == [0, 0, 2, 2, 4, 5]
    first, last = nodes["train-trial-1"], nodes["train"]
    assert isinstance(first.operation, Trial)
    assert first.outputs == (OutputDeclaration("trial", "parameter", "m"),)
    assert isinstance(last.operation, Train)
    assert last.inputs["trials"] == Outputs(tuple(nodes)[:-1], "trial")


def test_a_workflow_with_trials_survives_json(bench):
    workflow = bench.workflow(train("tune.trials = 5, max_depth = RANGE(3, 10)"))
    assert from_json(to_json(workflow)) == workflow


def test_trials_wait_for_what_the_training_waits_for(bench):
    nodes = bench.nodes(
        "CREATE TABLE t AS FROM iris;"
        "SELECT * FROM t TO TRAIN xgboost.gbtree WITH eta = GRID(0.1, 0.2) LABEL species INTO m;"
        "INSERT INTO t FROM iris; SELECT * FROM iris TO EVALUATE m"
    )
    assert needs(nodes["train-trial-1"]) == ("query",)
    assert "train" in needs(nodes["query-2"])
    assert "train" in needs(nodes["evaluate"])


def test_every_step_of_a_search_belongs_to_its_statement(bench):
    plan = bench.plan(f"SELECT 1; {train('eta = GRID(0.1, 0.2)')}")
    statement = plan.operators[1].statement
    for name in ("train-trial-1", "train-trial-2", "train"):
        assert plan.statements_by_node()[name] is statement
    assert plan.nodes_by_statement()[1] == ("train-trial-1", "train-trial-2", "train")


def test_without_rows_to_validate_on_there_are_folds(bench):
    text = train("tune.trials = 3, tune.metric = roc_auc, eta = RANGE(0.1, 0.3)")
    settings = bench.operator(text).settings
    assert settings == {"validation.folds": 5}
    assert bench.notes(text) == [("trials are compared on 5 folds of the rows", "xgboost.gbtree")]
    split = text.replace("WITH", "WITH validation.split = 0.3,")
    assert "validation.folds" not in bench.operator(split).settings
    assert bench.notes(split) == []


def test_trials_are_compared_by_what_is_measured_first(bench):
    text = train("tune.trials = 3, validation.metrics = 'f1,accuracy', eta = RANGE(0.1, 0.3)")
    assert bench.operator(text).trials.search.metric == "f1"


def test_more_trials_than_combinations_are_what_was_asked_for(bench):
    trials = bench.operator(train("tune.trials = 9, eta = GRID(0.1, 0.2)")).trials
    assert (trials.number, trials.search.exhaustive) == (9, False)
    trials = bench.operator(train("tune.timeout = 9, eta = GRID(0.1, 0.2)")).trials
    assert (trials.number, trials.search.exhaustive) == (2, True)
    assert bench.operator(train("tune.metric = f1, eta = RANGE(0.1, 0.2)")).trials.number == 20


@pytest.mark.parametrize(
    ("written", "code", "span", "told"),
    [
        ("eta = RANGE(0.1)", "E0260", "RANGE(0.1)", "takes two ends"),
        ("eta = RANGE(0.1, 0.1)", "E0260", "RANGE(0.1, 0.1)", "one value only"),
        ("eta = RANGE(0.1, 0.3, 0)", "E0260", "0", "above 0"),
        ("max_depth = RANGE(3, 10, 1.5)", "E0260", "1.5", "a whole number"),
        ("eta = RANGE(0.1, 0.3, 0.5)", "E0260", "0.5", "no more than lies between"),
        ("eta = RANGE(low, high)", "E0260", "low", "no end of a range"),
        ("eta = LOG_RANGE(0.1, 0.3, 2)", "E0260", "LOG_RANGE(0.1, 0.3, 2)", "two ends"),
        ("eta = CHOICE()", "E0260", "CHOICE()", "nothing to choose from"),
        ("eta = CHOICE(0.1, RANGE(1, 2))", "E0207", "RANGE(1, 2)", "is not a value here"),
        ("max_depth = RANGE(1.5, 3)", "E0205", "1.5", "must be an integer"),
        ("validation.split = RANGE(0.1, 0.3)", "E0261", "RANGE(0.1, 0.3)", "nothing to search"),
        ("eta = RANGE(0.1, 0.2), tune.trials = RANGE(1, 2)", "E0261", "RANGE(1, 2)", "nothing"),
        ("tune.strategy = halving, train.num_boost_round = RANGE(3, 9)", "E0951",
         "train.num_boost_round = RANGE(3, 9)", "nothing to search for"),
        ("eta = RANGE(0.1, 0.3), tune.strategy = halving, tune.pruner = median", "E0952",
         "tune.pruner = median", "which trials are given up"),
        ("eta = RANGE(0.1, 0.3), tune.strategy = halving, train.num_boost_round = 2", "E0953",
         "RANGE(0.1, 0.3)", "cannot be divided by 3"),
        ("eta = RANGE(0.1, 0.3), tune.predictions = 2", "E0956", "tune.predictions = 2",
         "no effect"),
        ("eta = RANGE(0.1, 0.3), tune.strategy = llm, tune.pruner = median", "E0952",
         "tune.pruner = median", "that Optuna has chosen"),
        ("eta = RANGE(0.1, 0.3), tune.reduction = 2", "E0954", "tune.reduction = 2", "no effect"),
        ("eta = RANGE(0.1, 0.3), train.early_stopping_rounds = RANGE(2, 5)", "E0209",
         "train.early_stopping_rounds = RANGE(2, 5)", "early stopping needs"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_space_is_told_at_its_place(bench, written, code, span, told):
    trials = "" if "tune.trials" in written else "tune.trials = 3, "
    found = bench.fault(train(trials + written))
    assert (found[0], found[2]) == (code, span)
    assert told in found[1]


def test_searches_have_no_meaning_in_other_statements(bench):
    bench.store("m", {"petal_width": "DOUBLE"}, {"species": "VARCHAR"})
    code, *_ = bench.fault("SELECT * FROM iris TO PREDICT WITH tune.trials = 3 USING m")
    assert code == "E0206"
    code, *_ = bench.fault(
        "SELECT * FROM iris TO PREDICT WITH predict.batch_size = RANGE(1, 3) USING m"
    )
    assert code == "E0261"


def test_without_optuna_there_is_the_command_that_installs_it(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, span, hint = bench.fault(train("tune.trials = 3, eta = RANGE(0.1, 0.3)"))
    assert (code, span) == ("E0264", "RANGE(0.1, 0.3)")
    assert 'pip install "sqlml[tune]"' in hint
    bench.plan(train("eta = GRID(0.1, 0.3)"))


@pytest.mark.parametrize("model", ["auto.classifier", "Auto.Classifier"])
def test_an_automatic_choice_is_a_search_among_estimators(bench, model):
    fit = bench.operator(f"SELECT * FROM iris TO TRAIN {model} LABEL species INTO m")
    known = fit.trials.search
    assert (fit.estimator, fit.trials.number, known.timeout) == ("auto.classifier", 60, 60)
    assert [one.estimator.rpartition(".")[2] for one in known.candidates] == [
        "LogisticRegression", "gbdt", "gbtree", "RandomForestClassifier", "ExtraTreesClassifier",
        "KNeighborsClassifier",
    ]  # fmt: skip
    assert fit.settings == {"validation.folds": 5}
    assert Search.from_json(known.to_json()) == known


def test_an_automatic_choice_has_a_budget(bench):
    fit = bench.operator(train("train.budget = 5, tune.trials = 7", "auto.classifier"))
    assert (fit.trials.number, fit.trials.search.timeout) == (7, 5)
    fit = bench.operator(train("train.budget = 5, tune.timeout = 3", "auto.classifier"))
    assert fit.trials.search.timeout == 3


def test_an_automatic_choice_has_no_spaces_of_its_own(bench):
    code, *_ = bench.fault(train("train.budget = RANGE(1, 5)", "auto.classifier"))
    assert code == "E0261"
    code, *_ = bench.fault(train("model.max_depth = RANGE(1, 5)", "auto.classifier"))
    assert code == "E0203"


def test_planning_a_search_does_not_load_optuna():
    code = (
        "import sys, sqlml; sqlml.plan('CREATE TABLE t AS SELECT i AS a, i % 2 = 0 AS b"
        " FROM range(9) r(i); SELECT * FROM t TO TRAIN xgboost.gbtree WITH tune.trials = 2,"
        " eta = RANGE(0.1, 0.3) LABEL b INTO m', db=':memory:'); print('optuna' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_rung_waits_for_the_rung_before(bench):
    text = train("tune.trials = 9, tune.strategy = halving, eta = RANGE(0.1, 0.3)")
    nodes = bench.nodes(text)
    assert [len(needs(node)) for node in nodes.values()] == [0] * 9 + [9] * 3 + [12, 13]
    assert (
        "best of 13 trials on rungs of 9, 3, 1 with num_boost_round 1, 3, 10"
        in bench.operator(text).text()
    )
    known = bench.operator(text).trials.search
    assert Search.from_json(known.to_json()) == known
    text = train("tune.trials = 9, tune.strategy = halving, model.max_depth = RANGE(1, 3)",
                 "DecisionTreeClassifier")  # fmt: skip
    assert "on rungs of 9, 3, 1 with rows 0.111111, 0.333333, 1" in bench.operator(text).text()
    known = bench.operator(text).trials.search
    assert Search.from_json(known.to_json()) == known
    code, _, span, _ = bench.fault(
        train("tune.trials = 9, tune.strategy = halving", "auto.classifier")
    )
    assert (code, span) == ("E0950", "tune.strategy = halving")


def test_predictions_are_for_each_trial_of_one_estimator(bench):
    text = train("tune.trials = 3, tune.strategy = llm, eta = GRID(0.1, 0.3)")
    known = bench.operator(text).trials.search
    assert (known.predictions, known.exhaustive) == (8, False)
    assert Search.from_json(known.to_json()) == known
    code, _, span, _ = bench.fault(train("tune.strategy = llm", "auto.classifier"))
    assert (code, span) == ("E0957", "tune.strategy = llm")

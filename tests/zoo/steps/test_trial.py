"""Trials and the training behind them: by hand they come to the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from sqlml.zoo.features.defaults import default_feature
from sqlml.zoo.halving import ROWS, Halving
from sqlml.zoo.models import find_model
from sqlml.zoo.search import Candidate, Choice, Dimension, Range, Search
from sqlml.zoo.steps.fewer_rows import fewer_rows
from sqlml.zoo.steps.fitting import Order, look
from sqlml.zoo.steps.split import deal_rows, draw
from sqlml.zoo.steps.trial_result import TrialResult


def search(
    context: Any,
    estimator: str,
    space: Mapping[str, Dimension],
    sql: str,
    label: str = "",
    *,
    trials: int = 0,
    parameters: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    **options: Any,
) -> list[TrialResult]:
    """What the trials of a search come to; the model is trained as `m`. trials 0: a full grid."""
    found = find_model(estimator)
    assert found is not None
    candidates = found.candidates or (Candidate(found.name, space),)
    asked = Search(candidates, exhaustive=not trials, **options)
    labels = (label,) if label else ()
    described = context.query(f"DESCRIBE {sql}")
    features = [default_feature(name, kind) for name, kind, *_ in described if name not in labels]
    given: dict[str, Any] = {
        "parameters": parameters or {},
        "settings": settings or {"validation.folds": 5},
        "features": {"": tuple(feature.to_json() for feature in features if feature)},
        "label": labels,
        "rows": sql,
    }
    total = trials or asked.combinations
    if asked.halving is not None:
        total = sum(rung.trials for rung in asked.halving.rungs)
    results: list[str] = []
    for number in range(1, total + 1):
        earlier = results[: asked.known(number)]
        outcome = context.run(
            "trial", number=number, search=asked.to_json(), trials=total, earlier=earlier, **given
        )
        results.append(outcome.outputs["trial"])
    context.run("train", estimator=found.name, into="m", trials=results, **given)
    return [TrialResult.from_text(text) for text in results]


def grid(**values: Sequence[Any]) -> dict[str, Dimension]:
    return {f"model.{name}": Choice(tuple(some), grid=True) for name, some in values.items()}


def matrix(context: Any, sql: str) -> np.ndarray:
    columns = context.connection.sql(sql).fetchnumpy()
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in columns.values()])


CLASSES = np.repeat([0, 1, 2], 50)


def test_trials_are_what_optuna_and_xgboost_give_by_hand(iris: Any) -> None:
    import optuna
    import xgboost

    found = search(
        iris,
        "xgboost.gbtree",
        {
            "model.max_depth": Range(1, 8),
            "model.eta": Range(0.01, 0.5, log=True),
            "model.grow_policy": Choice(("depthwise", "lossguide")),
            "train.num_boost_round": Choice((2, 4), grid=True),
        },
        "SELECT * FROM iris",
        "species",
        trials=14,
        settings={"validation.split": 0.3, "seed": 3},
        metric="accuracy",
        seed=3,
    )
    rows = matrix(iris, "SELECT * EXCLUDE species FROM iris").astype(np.float32)
    held = draw((50, 50, 50), 0.3, 3).held
    by_hand: list[tuple[dict[str, Any], float]] = []
    sampler = optuna.samplers.TPESampler(seed=3, constant_liar=True)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    distributions = {
        "model.max_depth": optuna.distributions.IntDistribution(1, 8),
        "model.eta": optuna.distributions.FloatDistribution(0.01, 0.5, log=True),
        "model.grow_policy": optuna.distributions.CategoricalDistribution(
            ("depthwise", "lossguide")
        ),
        "train.num_boost_round": optuna.distributions.CategoricalDistribution((2, 4)),
    }
    while len(by_hand) < 14:
        generation = [study.ask(distributions) for _ in range(min(4, 14 - len(by_hand)))]
        for values in (trial.params for trial in generation):
            booster = xgboost.train(
                {
                    **{name.partition(".")[2]: v for name, v in values.items() if "model" in name},
                    "objective": "multi:softprob",
                    "num_class": 3,
                    "seed": 3,
                },
                xgboost.QuantileDMatrix(rows[~held], CLASSES[~held]),
                values["train.num_boost_round"],
            )
            chances = booster.predict(xgboost.DMatrix(rows[held]))
            by_hand.append((values, float(np.mean(chances.argmax(axis=1) == CLASSES[held]))))
        for trial, (_, score) in zip(generation, by_hand[-len(generation) :], strict=True):
            study.tell(trial, score)
    assert [one.values for one in found] == [values for values, _ in by_hand]
    assert [one.score for one in found] == [score for _, score in by_hand]
    best = max(range(14), key=lambda number: by_hand[number][1])
    known = iris.manifest()
    assert known["metrics"]["validation_accuracy"] == by_hand[best][1]
    assert [one["number"] for one in known["trials"] if one["best"]] == [best + 1]
    taken = {f"model.{name}": value for name, value in known["parameters"].items()}
    taken["train.num_boost_round"] = known["settings"]["num_boost_round"]
    assert taken == by_hand[best][0]


def test_a_grid_is_scikit_learns_grid_search_on_the_same_folds(iris: Any) -> None:
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    values = {"max_depth": [1, 2, 3], "criterion": ["gini", "entropy"]}
    found = search(
        iris,
        "DecisionTreeClassifier",
        grid(**values),
        "SELECT * FROM iris",
        "species",
        settings={"validation.folds": 4},
    )
    held = [split.held for split in deal_rows((50, 50, 50), 4, 0)]
    by_hand = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        values,
        cv=[(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in held],
        scoring="accuracy",
    ).fit(matrix(iris, "SELECT * EXCLUDE species FROM iris"), CLASSES)
    scores = {
        (one["max_depth"], one["criterion"]): score
        for one, score in zip(
            by_hand.cv_results_["params"], by_hand.cv_results_["mean_test_score"], strict=True
        )
    }
    tried = [(one.values["model.max_depth"], one.values["model.criterion"]) for one in found]
    assert tried == [(depth, word) for depth in (1, 2, 3) for word in ("gini", "entropy")]
    assert [one.score for one in found] == pytest.approx([scores[key] for key in tried])
    assert iris.manifest()["metrics"]["folds_accuracy"] == pytest.approx(by_hand.best_score_)
    assert iris.manifest()["rows"] == 150  # the model gets all rows


def test_combinations_that_are_refused_do_not_end_the_search(iris: Any) -> None:
    found = search(
        iris,
        "LogisticRegression",
        grid(penalty=("l1", "l2"), solver=("lbfgs", "liblinear")),
        "SELECT * FROM iris WHERE species <> 'setosa'",
        "species",
        settings={"validation.split": 0.3},
    )
    states = {tuple(one.values.values()): one.state for one in found}
    assert states["l1", "lbfgs"] == "failed"
    assert states["l2", "liblinear"] == "complete"
    assert found[0].failure["code"] == "E0480"
    best = max(one.score for one in found if one.score is not None)
    assert iris.manifest()["metrics"]["validation_accuracy"] == pytest.approx(best)
    assert iris.manifest()["trials"][0]["failure"]


def test_less_can_be_better(iris: Any) -> None:
    found = search(
        iris,
        "KNeighborsRegressor",
        grid(n_neighbors=(75, 5, 1)),
        "SELECT petal_width, sepal_width, petal_length FROM iris",
        "petal_length",
        metric="root_mean_squared_error",
    )
    scores = [one.score for one in found]
    assert np.argmin(scores) != 0
    assert iris.manifest()["parameters"]["n_neighbors"] == [75, 5, 1][int(np.argmin(scores))]


def test_clusters_are_searched_for_without_a_label(iris: Any) -> None:
    found = search(
        iris,
        "KMeans",
        grid(n_clusters=(2, 8)),
        "SELECT petal_length, petal_width FROM iris",
        settings={"validation.split": 0.4},
    )
    assert [one.metric for one in found] == ["silhouette"] * 2
    assert iris.manifest()["parameters"] == {"n_clusters": 2}


def test_when_the_time_is_up_no_trial_begins(iris: Any) -> None:
    found = search(
        iris,
        "DecisionTreeClassifier",
        {"model.max_depth": Range(1, 5)},
        "SELECT * FROM iris",
        "species",
        trials=5,
        parallel=2,
        timeout=1e-9,
    )
    assert [one.state for one in found] == ["complete"] * 2 + ["stopped"] * 3
    assert found[4].ended == found[4].began


def test_a_trial_ends_in_its_middle_when_the_time_is_up(iris: Any) -> None:
    asked = Search(
        (Candidate("xgboost.gbtree", {"model.max_depth": Range(1, 5)}),),
        metric="accuracy",
        timeout=5.5,
        parallel=1,
    )
    spent = TrialResult(1, "xgboost.gbtree", {}, "failed", began=0.0, ended=5.0)
    outcome = iris.run(
        "trial",
        number=2,
        search=asked.to_json(),
        trials=2,
        earlier=[spent.text()],
        parameters={},
        settings={"validation.folds": 5, "num_boost_round": 100_000},
        features={"": (default_feature("petal_width", "DOUBLE").to_json(),)},  # type: ignore[union-attr]
        label=("species",),
        rows="SELECT petal_width, species FROM iris",
    )
    result = TrialResult.from_text(outcome.outputs["trial"])
    assert result.state == "stopped"
    assert 0.4 < result.ended - result.began < 30  # all rounds would take minutes
    assert outcome.summary == "stopped: the time was up"


@pytest.mark.parametrize("settings", [{"validation.folds": 3}, {"validation.split": 0.3}])
def test_hopeless_trials_are_pruned(iris: Any, settings: Mapping[str, Any]) -> None:
    found = search(
        iris,
        "xgboost.gbtree",
        {"model.eta": Range(1e-4, 1.0, log=True), "model.max_depth": Range(1, 4)},
        "SELECT * FROM iris",
        "species",
        trials=12,
        parameters={"max_delta_step": 0.5},
        settings={**settings, "num_boost_round": 3},
        metric="log_loss",
        pruner="median",
        seed=1,
    )
    pruned = [one for one in found if one.state == "pruned"]
    assert pruned
    assert all(one.number > 4 and one.score is None for one in pruned)
    for one in pruned:  # worse than the median of those before it, at the step where it ended
        step, score = one.course[-1]
        before = [
            dict(map(tuple, other.course))[step]  # type: ignore[arg-type]
            for other in found[: (one.number - 1) // 4 * 4]
            if other.state == "complete"
        ]
        best = min(known for at, known in one.course if at <= step)
        assert score >= best > np.median(before)


def test_a_search_of_an_undefined_score_says_so(context: Any) -> None:
    context.connection.execute(
        "CREATE TABLE t AS"
        " SELECT i AS x, CASE WHEN i < 2 THEN 'a' ELSE 'b' END AS y FROM range(40) r(i)"
    )
    asked = Search((Candidate("GaussianNB", {}),), metric="roc_auc")
    outcome = context.run(
        "trial",
        number=1,
        search=asked.to_json(),
        trials=1,
        parameters={},
        settings={"validation.split": 0.2},
        features={"": (default_feature("x", "BIGINT").to_json(),)},  # type: ignore[union-attr]
        label=("y",),
        rows="SELECT * FROM t",
    )
    failure = TrialResult.from_text(outcome.outputs["trial"]).failure
    assert failure["code"] == "E0563"


# --- a choice among families --------------------------------------------------------------


def test_the_best_of_several_families_is_stored_under_its_own_name(iris: Any) -> None:
    found = search(
        iris,
        "auto.classifier",
        {},
        "SELECT * FROM iris",
        "species",
        trials=6,
        settings={"validation.split": 0.3},
        metric="log_loss",
    )
    assert len({one.estimator for one in found}) == 6
    assert {one.state for one in found} == {"complete"}
    best = min(found, key=lambda one: one.score or 0.0)
    known = iris.manifest()
    assert known["estimator"] == best.estimator
    assert known["metrics"]["validation_log_loss"] == pytest.approx(best.score)
    answers = iris.predict("SELECT * FROM iris", "species")["species"].to_pylist()
    truth = [row[0] for row in iris.query("SELECT species FROM iris")]
    assert np.mean([a == b for a, b in zip(answers, truth, strict=True)]) > 0.9


def test_what_a_candidate_cannot_take_is_left_to_the_others(iris: Any) -> None:
    found = search(
        iris,
        "auto.regressor",
        {},
        "SELECT nullif(petal_length, 1.4) AS a, petal_width AS b, sepal_length FROM iris",
        "sepal_length",
        trials=2,
        settings={"validation.split": 0.3},
    )
    assert [one.state for one in found] == ["failed", "complete"]  # NULL is no number to Ridge
    assert iris.manifest()["estimator"] == "lightgbm.gbdt"


def test_a_linear_candidate_has_standardized_features(iris: Any) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.metrics import r2_score
    from sklearn.preprocessing import StandardScaler

    sql = "SELECT petal_length, petal_width, sepal_width, sepal_length FROM iris"
    settings = {"validation.split": 0.3}
    (only,) = search(iris, "auto.regressor", {}, sql, "sepal_length", trials=1, settings=settings)
    rows = matrix(iris, sql)
    held = draw((150,), 0.3, 0).held
    scaled = StandardScaler().fit(rows[~held, :3]).transform(rows[:, :3])
    by_hand = Ridge(alpha=1.0).fit(scaled[~held], rows[~held, 3])
    assert only.score == pytest.approx(r2_score(rows[held, 3], by_hand.predict(scaled[held])))
    functions = [one["function"] for one in iris.manifest()["pipeline"][""]["features"]]
    assert functions == ["STANDARDIZE"] * 3


def test_neighbours_are_not_tried_on_many_rows(context: Any) -> None:
    asked = Search((Candidate("KNeighborsRegressor", {}, most_rows=10),), metric="r2")
    outcome = context.run(
        "trial",
        number=1,
        search=asked.to_json(),
        trials=1,
        parameters={},
        settings={"validation.split": 0.2},
        features={"": (default_feature("x", "DOUBLE").to_json(),)},  # type: ignore[union-attr]
        label=("y",),
        rows="SELECT i / 2 AS x, i / 3 AS y FROM range(11) r(i)",
    )
    assert TrialResult.from_text(outcome.outputs["trial"]).failure["code"] == "E0564"


def test_halving_gives_the_best_of_a_rung_more_rounds_as_by_hand(iris: Any) -> None:
    import xgboost
    from sklearn.metrics import log_loss

    found = search(
        iris,
        "xgboost.gbtree",
        grid(eta=(0.05, 0.2, 0.6), max_depth=(1, 2, 3)),
        "SELECT * FROM iris",
        "species",
        settings={"validation.split": 0.3, "num_boost_round": 9},
        metric="log_loss",
        halving=Halving(9, "train.num_boost_round", 9),
    )
    rows = matrix(iris, "SELECT * EXCLUDE species FROM iris").astype(np.float32)
    held = draw((50, 50, 50), 0.3, 0).held

    def loss(values: tuple[float, int], rounds: int) -> float:
        booster = xgboost.train(
            {"eta": values[0], "max_depth": values[1], "objective": "multi:softprob",
             "num_class": 3, "seed": 0},
            xgboost.QuantileDMatrix(rows[~held], CLASSES[~held]),
            rounds,
        )  # fmt: skip
        return float(log_loss(CLASSES[held], booster.predict(xgboost.DMatrix(rows[held]))))

    tried = [(eta, depth) for eta in (0.05, 0.2, 0.6) for depth in (1, 2, 3)]
    by_hand: list[tuple[Any, ...]] = []
    for rung, (keep, rounds) in enumerate([(9, 1), (3, 3), (1, 9)]):
        tried = tried[:keep]
        losses = [loss(values, rounds) for values in tried]
        by_hand += [(rung, *v, rounds, s) for v, s in zip(tried, losses, strict=True)]
        tried = [tried[place] for place in np.argsort(losses, kind="stable")]
    got = [(one.rung, *one.values.values(), one.score) for one in found]
    assert [one[:-1] for one in got] == [one[:-1] for one in by_hand]
    assert [one[-1] for one in got] == pytest.approx([one[-1] for one in by_hand], abs=1e-6)
    known = iris.manifest()
    assert (known["parameters"]["eta"], known["parameters"]["max_depth"]) == tried[0]
    assert known["settings"]["num_boost_round"] == 9
    assert [one["number"] for one in known["trials"] if one["best"]] == [13]


def test_halving_gives_models_without_rounds_more_rows(context: Any) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    context.connection.execute(
        "CREATE TABLE points AS SELECT sin(i * 1.7) AS a, cos(i * 2.3) AS b,"
        " CASE WHEN i % 10 = 0 THEN 'rare' WHEN sin(i * 1.7) + sin(i * 7.1) > 0 THEN 'up'"
        " ELSE 'down' END AS c FROM range(900) r(i) ORDER BY c, i"
    )
    found = search(
        context,
        "sklearn.linear_model.LogisticRegression",
        grid(C=(1e-4, 1e-2, 1.0, 10.0)),
        "SELECT * FROM points",
        "c",
        settings={"validation.split": 0.3},
        metric="log_loss",
        halving=Halving(4, ROWS, 1, 2),
    )
    shares = [(one.rung, one.values["rows"], one.state) for one in found]
    assert shares == [(0, 0.25, "complete")] * 4 + [(1, 0.5, "complete")] * 2 + [
        (2, 1.0, "complete")
    ]
    for start, end, after in ((0, 4, 2), (4, 6, 1)):
        best = sorted(found[start:end], key=lambda one: one.score or 0)[:after]
        chosen = [one.values["model.C"] for one in found[end : end + after]]
        assert chosen == [one.values["model.C"] for one in best]
    X = matrix(context, "SELECT a, b FROM points")
    y = context.connection.sql("SELECT c FROM points").fetchnumpy()["c"]
    counts = [int((y == name).sum()) for name in ("down", "rare", "up")]
    held = draw(counts, 0.3, 0).held
    by_hand = LogisticRegression(C=found[-1].values["model.C"]).fit(X[~held], y[~held])
    assert found[-1].score == pytest.approx(log_loss(y[held], by_hand.predict_proba(X[held])), 1e-3)


def test_fewer_rows_are_among_more_and_keep_the_classes_shares(context: Any) -> None:
    context.connection.execute(
        "CREATE TABLE points AS SELECT i, i % 10 = 0 AS c FROM range(2000) r(i)"
    )
    model = find_model("LogisticRegression")
    assert model is not None
    order = Order(model, {}, {"seed": 5}, None)
    rows = context.rows("SELECT * FROM points", stable=True)
    looked = look(context, rows, ("c",), order)
    drawn = []
    for share, count in ((1e-6, 100), (0.1, 200), (0.25, 500), (1.0, 2000)):
        some, found = fewer_rows(context, rows, looked, order, share)
        drawn.append({one for (one,) in context.query(f"SELECT i FROM ({some.sql})")})
        assert len(drawn[-1]) == found.rows == count
        assert found.counts == (count * 9 // 10, count // 10)
    assert drawn[0] < drawn[1] < drawn[2] < drawn[3]

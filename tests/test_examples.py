"""Every example program runs, and finds what is in its data."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sqlml.cli.engine_jobs import files_of, for_engine
from sqlml.codegen.engine import Options
from sqlml.codegen.lint import lint
from sqlml.codegen.programs import Worker
from sqlml.results import Results
from sqlml.session import Compiled, Session
from sqlml.source import Source
from tests.codegen.scripts import run_script, same_tables

FOLDER = Path(__file__).parents[1] / "examples" / "sql"


def accuracy(results: Results) -> bool:
    return results[0].to_arrow()["accuracy"][0].as_py() > 0.9


def best_r2(results: Results) -> bool:
    scores = results[0].to_arrow().to_pylist()
    return min(row["r2"] for row in scores) > 0.75


def prepaid_leave_most(results: Results) -> bool:
    return results[0].to_arrow()["plan"][0].as_py() == "prepaid"


def likely_fraud_first(results: Results) -> bool:
    return results[0].to_arrow()["probability"][0].as_py() > 0.5


def groups_match_cultivars(results: Results) -> bool:
    rows = results[0].to_arrow().to_pylist()
    largest: dict[str, int] = {}
    for row in rows:
        largest[row["cultivar"]] = max(largest.get(row["cultivar"], 0), row["wines"])
    return sum(largest.values()) / sum(row["wines"] for row in rows) > 0.8


def odd_cells_are_malignant(results: Results) -> bool:
    rows = [row for row in results[0].to_arrow().to_pylist() if row["flag"] == -1]
    malignant = sum(row["cells"] for row in rows if row["diagnosis"] == "malignant")
    return malignant / sum(row["cells"] for row in rows) > 0.5


def best_results_first(results: Results) -> bool:
    judged = [row["judged"] for row in results[0].to_arrow().to_pylist()]
    return max(judged) in judged[:2]


def the_challenger_wins(results: Results) -> bool:
    first, second = (results[i].to_arrow()["accuracy"][0].as_py() for i in (0, 1))
    (guessed,) = results[2].to_arrow().to_pylist()
    share = guessed["right_guesses"] / guessed["guesses"]
    aliases = results[3].to_arrow()["aliases"][0].as_py()
    return first < second == share and aliases.startswith("champion@")


def both_beat_one(results: Results) -> bool:
    linear, both = (result.to_arrow()["roc_auc"][0].as_py() for result in results[:2])
    return linear < 0.7 and both > 0.8


def known_optima(results: Results) -> bool:
    pieces = results[0].to_arrow()["pieces"].to_pylist()
    cost = sum(results[1].to_arrow()["cost"].to_pylist())
    return pieces == [20, 60] and round(cost, 6) == 153.675


def next_week_as_this_week(results: Results) -> bool:
    measured, week = (result.to_arrow().to_pylist() for result in list(results)[:2])
    busiest = max(week, key=lambda row: row["orders"])
    return measured[0]["mean_absolute_percentage_error"] < 0.1 and busiest["day"].weekday() == 5


def good_payers_score_high(results: Results) -> bool:
    rows = results[len(results) - 1].to_arrow().to_pylist()
    shares = [row["paid_back"] for row in rows]
    return shares == sorted(shares) and shares[-1] - shares[0] > 0.3


def good_on_rows_held_back_and_no_drift(results: Results) -> bool:
    measured, moved = (result.to_arrow().to_pylist() for result in results)
    return measured[0]["roc_auc"] > 0.7 and max(row["moved"] for row in moved) < 0.1


def trials_find_good_values(results: Results) -> bool:
    return results[0].to_arrow()["roc_auc"][0].as_py() > 0.98


def plan_and_bill_have_changed(results: Results) -> bool:
    rows = results[0].to_arrow().to_pylist()
    return [(row["feature"], row["verdict"]) for row in rows] == [
        ("bill", "shifted"),
        ("plan", "shifted"),
    ]


def every_district_does_better_alone(results: Results) -> bool:
    rows = results[1].to_arrow().to_pylist()
    (elsewhere,) = results[2].to_arrow().to_pylist()
    return all(row["own"] < row["anywhere"] for row in rows) and elsewhere["price"] > 1e5


def the_order_of_words_tells(results: Results) -> bool:
    counted, read = (result.to_arrow()["accuracy"][0].as_py() for result in results)
    return counted < 0.65 and read > 0.9


def citations_tell_more_than_words(results: Results) -> bool:
    (row,) = results[0].to_arrow().to_pylist()
    return row["by_words"] < 0.65 and row["by_graph"] > 0.75


def two_jobs_wait(results: Results) -> bool:
    rows = results[0].to_arrow().to_pylist()
    return {row["job"]: row["next_run"] is not None for row in rows} == {
        "retrain": True,
        "measure": True,
    }


def tickets_tell_who_leaves(results: Results) -> bool:
    without, having = (result.to_arrow()["roc_auc"][0].as_py() for result in results)
    return without > 0.6 and having > without + 0.02


# Whose scripts of the engine `python` run here, too. Those of networks would take as long again.
SCRIPTS = {
    *("iris.sql", "churn.sql", "houses.sql", "anomalies.sql", "clusters.sql", "ranking.sql"),
    *("champion.sql", "prepare.sql", "production.sql", "drift.sql", "forecast.sql", "remote.sql"),
    *("scorecard.sql", "citations.sql"),
}

CHECKS: dict[str, Callable[[Results], bool]] = {
    "iris.sql": accuracy,
    "houses.sql": best_r2,
    "churn.sql": prepaid_leave_most,
    "fraud.sql": likely_fraud_first,
    "champion.sql": the_challenger_wins,
    "clusters.sql": groups_match_cultivars,
    "anomalies.sql": odd_cells_are_malignant,
    "ranking.sql": best_results_first,
    "prepare.sql": good_on_rows_held_back_and_no_drift,
    "segments.sql": every_district_does_better_alone,
    "iris_network.sql": accuracy,
    "wide_and_deep.sql": both_beat_one,
    "production.sql": known_optima,
    "forecast.sql": next_week_as_this_week,
    "scorecard.sql": good_payers_score_high,
    "tune.sql": trials_find_good_values,
    "sentiment.sql": the_order_of_words_tells,
    "citations.sql": citations_tell_more_than_words,
    "drift.sql": plan_and_bill_have_changed,
    "nightly.sql": two_jobs_wait,
    "remote.sql": tickets_tell_who_leaves,
}


ENGINES = [
    ("argo", {}),
    ("airflow", {}),
    ("airflow", {"pods": "lab"}),
    ("kfp", {}),
    ("tekton", {}),
    ("python", {}),
]


def every_engine_takes_it(session: Session, compiled: Compiled) -> None:
    worker = Worker(store="s3://bucket/flow")
    for engine, settings in ENGINES:
        options = Options(namespace="lab", worker=worker, settings=settings)
        files = files_of(for_engine(session, compiled, engine), engine, options)
        assert files
        for name, text in files.items():
            if engine in ("argo", "tekton"):
                assert lint([Source(name, text)]) == []
            elif engine in ("airflow", "python"):
                compile(text, name, "exec")


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sql")), ids=lambda path: path.name)
def test_the_example_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER.parents[1])
    database, program = tmp_path / "examples.duckdb", path.read_text()
    with Session.open(db=str(database)) as session:
        compiled = session.compile([Source(path.name, program)])
        every_engine_takes_it(session, compiled)
        results = session.run(program, name=path.name)
        assert CHECKS[path.name](results)
    if path.name in SCRIPTS:
        assert same_tables(database, run_script(compiled.workflow, tmp_path)) > 0

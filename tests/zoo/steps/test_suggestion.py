"""What a trial takes follows from the results of earlier generations alone."""

from typing import Any

import pytest

from sqlml.errors import StepError
from sqlml.zoo.halving import Halving
from sqlml.zoo.search import Candidate, Choice, Range, Search
from sqlml.zoo.steps.suggestion import suggest
from sqlml.zoo.steps.trial_result import State, TrialResult, best_of, seconds_spent

SPACE = {"model.eta": Range(0.1, 0.9), "model.kind": Choice(("a", (1, 2), None))}
SEARCH = Search((Candidate("some.model", SPACE),), metric="accuracy", parallel=2)


def result(
    number: int, score: float | None, state: State = "complete", **other: Any
) -> TrialResult:
    return TrialResult(number, "some.model", {}, state, "accuracy", score, **other)


def test_a_generation_is_chosen_without_knowing_its_members() -> None:
    first, second = suggest(SEARCH, [], 1), suggest(SEARCH, [], 2)
    assert first.values != second.values
    assert suggest(SEARCH, [], 1).values == first.values
    known = [result(1, 0.5), result(2, 0.7)]
    assert suggest(SEARCH, known, 2).values == second.values


def test_results_change_what_comes_after_the_first_random_trials() -> None:
    def last(best: int) -> Any:
        known = [result(n, 1.0 if n == best else 0.1 * n / 20) for n in range(1, 21)]
        return suggest(SEARCH, known, 21).values

    assert last(3) != last(8)


def test_a_seed_gives_the_same_trials_and_another_others() -> None:
    other = Search(SEARCH.candidates, metric="accuracy", parallel=2, seed=1)
    assert suggest(other, [], 1).values != suggest(SEARCH, [], 1).values


def test_the_median_of_earlier_trials_decides_what_is_hopeless() -> None:
    pruning = Search(SEARCH.candidates, metric="accuracy", parallel=2, pruner="median")
    known = [result(n, 0.8, course=[(1, 0.6), (2, 0.8)]) for n in range(1, 7)]
    assert suggest(pruning, known, 7).is_hopeless(1, 0.59)
    assert not suggest(pruning, known, 7).is_hopeless(1, 0.61)
    assert not suggest(SEARCH, known, 7).is_hopeless(1, 0.0)


def test_failed_and_pruned_trials_are_part_of_the_story() -> None:
    known = [result(1, None, "failed"), result(2, None, "pruned", course=[(1, 0.2)])]
    assert set(suggest(SEARCH, known, 3).values) == set(SPACE)


def test_candidates_begin_with_their_first_values() -> None:
    several = Search(
        (
            Candidate("one", {"model.a": Range(1, 9)}, {"model.a": 5}),
            Candidate("two", {"model.b": Choice(("x", "y"))}, {"model.b": "y"}),
        ),
        parallel=2,
    )
    first, second = suggest(several, [], 1), suggest(several, [], 2)
    assert (first.candidate.estimator, first.values) == ("one", {"model.a": 5})
    assert (second.candidate.estimator, second.values) == ("two", {"model.b": "y"})


def test_a_grid_is_all_combinations_in_order() -> None:
    space = {"model.a": Choice((1, 2), grid=True), "train.b": Choice(("x", "y"), grid=True)}
    grid = Search((Candidate("m", space),), exhaustive=True)
    assert grid.combinations == 4
    assert [tuple(suggest(grid, [], n).values.values()) for n in range(1, 5)] == [
        (1, "x"), (1, "y"), (2, "x"), (2, "y"),
    ]  # fmt: skip


def test_a_result_survives_as_text() -> None:
    one = result(3, 0.5, course=[[1, 0.5]], failure={"code": "E0480", "message": "é"})
    assert TrialResult.from_text(one.text()) == one


def test_time_is_spent_once_where_trials_ran_side_by_side_and_never_between_runs() -> None:
    spans = [(0, 10), (5, 12), (6, 7), (100, 103)]
    known = [result(n, None, "failed", began=b, ended=e) for n, (b, e) in enumerate(spans)]
    assert seconds_spent(known) == 15
    assert seconds_spent([]) == 0


def test_the_first_of_the_best_is_taken() -> None:
    known = [result(1, 0.5), result(2, 0.9), result(3, 0.9), result(4, None, "pruned")]
    assert best_of(known).number == 2


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ([result(1, None, "stopped")], "E0561"),
        ([result(1, None, "failed", failure={"code": "E0412", "message": "m"})] * 2, "E0412"),
        (
            [
                result(1, None, "failed", failure={"code": "E0480", "message": "one"}),
                result(2, None, "failed", failure={"code": "E0480", "message": "two"}),
            ],
            "E0562",
        ),
    ],
)
def test_without_a_complete_trial_there_is_no_best(known: Any, code: str) -> None:
    with pytest.raises(StepError) as caught:
        best_of(known)
    assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("trials", "most", "reduction", "rungs"),
    [
        (27, 81, 3, [(27, 3), (9, 9), (3, 27), (1, 81)]),  # Li et al. 2018, table 1, s = 3
        (9, 81, 3, [(9, 9), (3, 27), (1, 81)]),  # s = 2
        (10, 20, 3, [(10, 2), (3, 6), (1, 20)]),
        (8, 4, 2, [(8, 1), (4, 2), (2, 4)]),
        (2, 9, 3, [(2, 9)]),
    ],
)
def test_a_bracket_is_as_published(trials: int, most: int, reduction: int, rungs: Any) -> None:
    halving = Halving(trials, "train.epoch", most, reduction)
    assert [(rung.trials, rung.amount) for rung in halving.rungs] == rungs


def test_a_rung_goes_on_with_the_best_that_are_complete() -> None:
    halved = Search(SEARCH.candidates, "log_loss", seed=3, halving=Halving(9, "train.epoch", 9))
    first = [suggest(halved, [], number) for number in range(1, 10)]
    assert [one.values["train.epoch"] for one in first] == [1] * 9
    assert [suggest(halved, [], number).values for number in range(1, 10)] == [
        one.values for one in first
    ]
    assert len({one.values["model.eta"] for one in first}) == 9
    scores = {2: 0.4, 5: 0.1, 7: 0.2, 8: 0.9}
    known = [
        TrialResult(
            n, "some.model", one.values, "complete" if n in scores else "failed", "log_loss",
            scores.get(n),
        )
        for n, one in enumerate(first, 1)
    ]  # fmt: skip
    for number, place in ((10, 5), (11, 7), (12, 2)):
        assert suggest(halved, known, number).values == {
            **first[place - 1].values,
            "train.epoch": 3,
        }
    lone = [one if one.number == 5 else result(one.number, None, "failed") for one in known]
    assert not suggest(halved, lone, 11).is_needed
    last = result(10, 0.3, rung=1)
    assert best_of([*known, last]) == last  # however good those of the first rung look

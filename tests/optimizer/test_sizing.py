"""Sizing by history, against figures worked out by hand and a distribution that is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.optimizer.sizing.experience import LIMIT, Experience
from sqlml.optimizer.sizing.newsvendor import Past, choose
from sqlml.optimizer.sizing.predictors import PREDICTORS, replayed
from sqlml.optimizer.sizing.waste import Array, Use, lifted, waste

PEAKS = np.array([100.0, 300.0, 200.0])
SIZES = np.array([1.0, 3.0, 2.0, 5.0])


def history(peaks: Array, sizes: Array | None = None) -> Past:
    count = len(peaks)
    unknown = np.full(count, np.nan)
    return Past(peaks, np.ones(count), unknown if sizes is None else sizes, np.zeros(count))


def test_each_predictor_says_what_is_worked_out_by_hand() -> None:
    said = dict(zip(PREDICTORS, replayed(PEAKS, SIZES, np.zeros(4)), strict=True))
    assert said["largest seen"][1:].tolist() == [100, 300, 300]
    assert said["median"][1:].tolist() == [100, 200, 200]
    assert said["linear"][1:] == pytest.approx([100, 200, 500])  # peak = 100 x size
    logs = np.log1p(SIZES[:3])
    slope, level = np.polyfit(logs, np.log(PEAKS), 1)
    assert said["log-log"][3] == pytest.approx(np.exp(level + slope * np.log1p(5.0)))
    assert said["neighbours"][1:].tolist() == [100, 200, 200]


def test_neighbours_with_the_same_label_come_first() -> None:
    peaks = np.array([10.0, 10.0, 10.0, 90.0, 90.0, 90.0, 10.0])
    labels = np.array([0.0, 0, 0, 1, 1, 1, 0, 1])
    said = replayed(peaks, np.full(8, np.nan), labels)[PREDICTORS.index("neighbours")]
    assert said[-1] == 90


@given(st.lists(st.floats(1, 1e12), min_size=2, max_size=12), st.integers(1, 11))
def test_nothing_is_predicted_from_what_comes_later(peaks: list[float], cut: int) -> None:
    cut = min(cut, len(peaks) - 1)
    sizes = np.linspace(1, 2, len(peaks) + 1)
    labels = np.zeros(len(peaks) + 1)
    whole = replayed(np.array(peaks), sizes, labels)
    part = replayed(np.array(peaks[:cut]), sizes[: cut + 1], labels[: cut + 1])
    rounding = 1e-6 * max(peaks)
    np.testing.assert_allclose(part[:, 1:], whole[:, 1 : cut + 1], rtol=1e-6, atol=rounding)


def test_a_killed_step_is_lifted_to_the_largest_seen_then_the_request_then_the_double() -> None:
    assert lifted(10, 40, 60) == 40
    assert lifted(40, 40, 60) == 60
    assert lifted(10, 60, 40) == 40
    assert lifted(60, 40, 60) == 120


def test_waste_counts_all_of_the_attempts_that_were_killed() -> None:
    use = Use(np.array(100.0), np.array(2.0), np.array(40.0), np.array(60.0))
    found, failed = waste(np.array([130.0, 100.0, 10.0, 50.0]), use)
    lifts = [10 + 40 + 60 + 20, 50 + 60 + 20]  # all of 10, 40 and 60, then 120 - 100
    assert found.tolist() == [60, 0, 2 * lifts[0], 2 * lifts[1]]
    assert failed.tolist() == [False, False, True, True]


@given(
    st.floats(1, 1e9), st.floats(1, 1e9), st.floats(0, 1e9), st.floats(0, 1e9), st.floats(0, 1e4)
)
def test_waste_is_what_lifting_step_by_step_comes_to(
    first: float, peak: float, largest: float, request: float, seconds: float
) -> None:
    use = Use(*(np.array([each]) for each in (peak, seconds, largest, request)))
    found, _ = waste(np.array([first]), use)
    size, lost = first, 0.0
    while size < peak:
        lost += size * seconds
        size = lifted(size, largest, request)
    assert found[0] == pytest.approx(lost + (size - peak) * seconds, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("price", [0.0, 0.25, 4.0])
def test_many_steps_of_a_known_distribution_are_sized_as_the_newsvendor_says(price: float) -> None:
    """Peaks uniform on [1, 2]; a failure costs the allocation q, then the largest seen, 2.

    The expected waste (q-1)q - (q²-1)/2 + (2-q)(q + price) + ∫(2-x)dx from q to 2 has the
    derivative q - 1 + 2 - 2q - price - (2 - q) = -1 - price + ... < 0 up to q = 2, so that all
    of the range is asked for as soon as a failure costs a whole attempt.
    """
    peaks = np.random.default_rng(0).uniform(1, 2, 4000)
    asked = choose(history(peaks), price=price)
    assert asked.bytes == pytest.approx(2, abs=0.08)


def test_a_rare_peak_is_left_to_the_lift_unless_failing_has_its_price() -> None:
    """Every tenth of 100 steps holds 10, the others 1.

    Asking for 1 wastes 1 in each tenth, which is then lifted to the 10 that were seen; asking for
    10 wastes 9 in each of the others.
    """
    peaks = np.ones(100)
    peaks[::10] = 10.0
    assert choose(history(peaks)).bytes < 2
    assert choose(history(peaks), price=1e6).bytes >= 10


def test_a_step_whose_memory_follows_its_input_is_sized_by_its_input() -> None:
    sizes = np.random.default_rng(1).uniform(1e6, 1e9, 60)
    asked = choose(history(50e6 + 3 * sizes, sizes), 5e8)
    assert asked.predictor == "linear"
    assert 50e6 + 3 * 5e8 <= asked.bytes <= 1.1 * (50e6 + 3 * 5e8)


def test_what_was_seen_once_leaves_room_and_no_more_than_the_user_asks_for_is_asked_for() -> None:
    once = history(np.array([100.0]))
    assert choose(once, price=100.0).bytes > 120
    assert choose(once, price=1e9, request=150.0).bytes == 150
    assert choose(once, price=1e9, request=10.0).bytes == 100


def test_the_price_grows_when_more_steps_than_the_limit_run_out_of_memory() -> None:
    kept, broken = Experience(), Experience()
    for number in range(100):
        kept.add(5, 2, ran_out=number < 100 * LIMIT)
        broken.add(5, 2, ran_out=number < 300 * LIMIT)
    assert Experience().price == 0
    assert kept.price == pytest.approx(10)
    assert broken.price > 2 * kept.price

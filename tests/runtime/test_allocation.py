from hypothesis import given
from hypothesis import strategies as st

from sqlml.runtime.allocation import Demand, Facts, admit, expected_memory, share_threads

GIB = 2**30


def demands(*sizes: int) -> list[Demand]:
    return [Demand(f"s{i}", size) for i, size in enumerate(sizes)]


def test_as_many_steps_start_as_there_are_cores() -> None:
    assert admit(demands(1, 1, 1), [], cores=2, memory=GIB) == ("s0", "s1")
    assert admit(demands(1, 1), [Demand("r", 1)], cores=2, memory=GIB) == ("s0",)
    assert admit(demands(1), demands(1, 1), cores=2, memory=GIB) == ()


def test_a_step_waits_until_it_fits_in_memory_and_a_smaller_one_goes_first() -> None:
    ready = demands(6 * GIB, 5 * GIB, 1 * GIB)
    assert admit(ready, [], cores=8, memory=10 * GIB) == ("s0", "s2")


def test_a_step_too_large_for_the_machine_runs_alone() -> None:
    assert admit(demands(99 * GIB, 99 * GIB), [], cores=8, memory=10 * GIB) == ("s0",)
    assert admit(demands(99 * GIB), [Demand("r", 1)], cores=8, memory=10 * GIB) == ()


@given(
    ready=st.lists(st.integers(0, 100), max_size=6),
    running=st.lists(st.integers(0, 100), max_size=6),
    cores=st.integers(1, 8),
)
def test_something_always_runs_and_cores_are_never_exceeded(
    ready: list[int], running: list[int], cores: int
) -> None:
    running_demands = [Demand(f"r{i}", size) for i, size in enumerate(running[:cores])]
    admitted = admit(demands(*ready), running_demands, cores, 50)
    assert len(admitted) + len(running_demands) <= cores
    assert admitted or running_demands or not ready


@given(cores=st.integers(1, 64), count=st.integers(1, 64))
def test_threads_are_shared_evenly_and_all_cores_are_used(cores: int, count: int) -> None:
    shares = share_threads(cores, [f"s{i}" for i in range(count)])
    assert len(shares) == count
    assert min(shares.values()) >= 1
    assert max(shares.values()) - min(shares.values()) <= 1
    assert sum(shares.values()) == max(cores, count)


def test_memory_is_what_was_asked_for_or_follows_from_the_size_of_the_input() -> None:
    assert expected_memory(5, Facts(1000, 10)) == 5
    known, unknown = Facts(1_000_000, 28), Facts(None, 28)
    assert expected_memory(None, known) - expected_memory(None, unknown) == 1_000_000 * 28 * 8

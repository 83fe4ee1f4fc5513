from hypothesis import given
from hypothesis import strategies as st

from sqlml.planner.dependencies import ANY, Dependencies, Resource

KINDS = [("table", "t"), ("table", "u")]
resources = st.builds(Resource, st.sampled_from(KINDS), st.sampled_from([ANY, "a", "b"]))
steps = st.one_of(
    st.just("barrier"),
    st.tuples(st.frozensets(resources, max_size=3), st.frozensets(resources, max_size=2)),
)


def planned(program):
    """From each step to the steps that it waits for, directly."""
    dependencies = Dependencies()
    return [
        {
            int(name)
            for name in (
                dependencies.add_barrier(str(index))
                if step == "barrier"
                else dependencies.add(str(index), *step)
            )
        }
        for index, step in enumerate(program)
    ]


def everything_before(waits):
    """The same with what those wait for in turn."""
    closed = []
    for direct in waits:
        closed.append(direct.union(*(closed[step] for step in direct)))
    return closed


def same(one, other):
    return one.kind == other.kind and (
        one.member == other.member or ANY in (one.member, other.member)
    )


def conflict(one, other):
    if "barrier" in (one, other):
        return True
    (reads, writes), (reads_too, writes_too) = one, other
    return any(same(a, b) for a in writes for b in (*reads_too, *writes_too)) or any(
        same(a, b) for a in reads for b in writes_too
    )


@given(st.lists(steps, max_size=12))
def test_steps_that_conflict_keep_their_order(program):
    before = everything_before(planned(program))
    for late, step in enumerate(program):
        for early in range(late):
            if conflict(program[early], step):
                assert early in before[late]


@given(st.lists(steps, max_size=12))
def test_a_step_waits_for_earlier_ones_only(program):
    for index, waits in enumerate(planned(program)):
        assert all(step < index for step in waits)


@given(
    st.lists(
        st.tuples(
            st.frozensets(
                st.builds(Resource, st.just(KINDS[0]), st.sampled_from("ab")), max_size=2
            ),
            st.frozensets(
                st.builds(Resource, st.just(KINDS[0]), st.sampled_from("ab")), max_size=1
            ),
        ),
        max_size=10,
    )
)
def test_without_doubtful_names_nothing_waits_needlessly(program):
    waits = planned(program)
    for late, direct in enumerate(waits):
        assert all(conflict(program[early], program[late]) for early in direct)


def test_work_is_linear_in_the_steps():
    dependencies = Dependencies()
    everything = Resource(("model", ""))
    edges = 0
    for i in range(5000):
        edges += len(dependencies.add(f"t{i}", (), [Resource(("model", ""), f"m{i}")]))
        edges += len(dependencies.add(f"s{i}", [everything]))
    assert edges < 15_000

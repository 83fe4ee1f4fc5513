"""What cache policies decide, against the definitions worked out by brute force and by hand."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest

from sqlml.optimizer.cache import POLICIES
from sqlml.optimizer.cache.changes import change_weights, reversal_weight
from sqlml.optimizer.cache.paper import AsPrinted
from sqlml.optimizer.cache.policy import Artifact, Holdings
from sqlml.optimizer.cache.steps import Steps

GIB = 1 << 30


def some_steps(seed: int) -> Steps:
    chance = random.Random(seed)
    count = chance.randint(2, 7)
    givers = [
        sorted(chance.sample(range(i), chance.randint(0, min(i, 3)))) if i else []
        for i in range(count)
    ]
    kinds = [chance.randrange(3) for _ in range(count)]
    raw = [chance.random() for _ in range(3)]
    back = chance.choice([0.0, 0.2])
    weights = [(1 - back) * one / sum(raw) for one in raw]
    seconds = [chance.uniform(1, 9) for _ in range(count)]
    return Steps(givers, seconds, kinds, weights, chance.randrange(3), back)


def is_outdated(steps: Steps, step: int, kind: int) -> bool:
    """Whether a step is of a type that changes, or needs one that is."""
    return steps.kinds[step] == kind or any(
        is_outdated(steps, giver, kind) for giver in steps.givers[step]
    )


def expected_seconds(steps: Steps, kept: Sequence[Artifact]) -> float:
    """What the next run takes on average, followed step by step."""
    changes = [*enumerate(steps.weights), (len(steps.weights), steps.reversal)]
    total = 0.0
    for change, likely in changes:
        there = {one.step for one in kept if one.stands >> change & 1}
        run: set[int] = set()

        def ask(step: int, there: set[int | None] = there, run: set[int] = run) -> None:
            if step not in there and step not in run:
                run.add(step)
                for giver in steps.givers[step]:
                    ask(giver)

        for goal in steps.goals:
            ask(goal)
        total += likely * sum(steps.seconds[step] for step in run)
    return total


def kept_of(steps: Steps, places: Sequence[int], chance: random.Random) -> list[Artifact]:
    """Artifacts of some steps as they are now, and of some as they were before the last change."""
    found = []
    for place in places:
        size = chance.randint(1, 9)
        outdated = [is_outdated(steps, place, kind) for kind in range(3)]
        changed = steps.changed
        assert changed is not None
        stands = sum(1 << kind for kind in range(3) if not outdated[kind])
        stands |= 0 if outdated[changed] else steps.reversing
        found.append(Artifact(key=f"{place}", size=size, step=place, stands=stands))
        if outdated[changed] and chance.random() < 0.5:
            found.append(
                Artifact(key=f"{place} before", size=size, step=place, stands=steps.reversing)
            )
    return found


@pytest.mark.parametrize("seed", range(60))
def test_an_artifact_is_worth_what_the_next_run_would_take_longer_without_it(seed: int) -> None:
    steps, chance = some_steps(seed), random.Random(seed + 1000)
    places = chance.sample(range(len(steps.givers)), chance.randint(1, len(steps.givers)))
    kept = kept_of(steps, places, chance)

    scores = POLICIES.load("expected")().scores(Holdings(steps, kept, 1e9))

    for artifact, score in zip(kept, scores, strict=True):
        others = [one for one in kept if one is not artifact]
        gained = expected_seconds(steps, others) - expected_seconds(steps, kept)
        assert score * artifact.size == pytest.approx(gained, abs=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_victims_are_those_worth_least_when_those_before_them_are_gone(seed: int) -> None:
    steps, chance = some_steps(seed), random.Random(seed + 2000)
    artifacts = kept_of(steps, range(len(steps.givers)), chance)
    newcomer = artifacts.pop(chance.randrange(len(artifacts)))
    capacity = max(newcomer.size, sum(one.size for one in artifacts) - chance.randint(0, 3))

    plan = POLICIES.load("expected")().plan(newcomer, Holdings(steps, artifacts, capacity))

    left = [*artifacts, newcomer]
    before = expected_seconds(steps, artifacts)
    for victim in plan.victims:
        worth = {
            one.key: (
                expected_seconds(steps, [other for other in left if other is not one])
                - expected_seconds(steps, left)
            )
            / one.size
            for one in left
        }
        assert worth[victim] == pytest.approx(min(worth.values()), abs=1e-9)
        left = [one for one in left if one.key != victim]
    if plan.admitted:
        assert sum(one.size for one in left) <= capacity
        lost = expected_seconds(steps, left) - before  # what is kept may become worth less at first
        gain = before - expected_seconds(steps, [*artifacts, newcomer])
        assert lost <= gain + 1e-9


def chain(*seconds: float, weights: Sequence[float] = ()) -> Steps:
    """Each step gives to the next one; each is of a type of its own."""
    count = len(seconds)
    givers = [[i - 1] if i else [] for i in range(count)]
    return Steps(givers, seconds, range(count), weights or [1 / count] * count)


def artifact(key: str, size: int, step: int | None = None, **about: float) -> Artifact:
    return Artifact(key=key, size=size, step=step, **about)  # type: ignore[arg-type]


def test_a_newcomer_that_is_worth_less_than_what_would_go_for_it_loses() -> None:
    steps = chain(10, 1, 1)  # what the second makes saves 11 s when the third changes: 11/3 s
    kept = [artifact("first", 5, 0, stands=0b110)]  # 10 s when the second or third changes

    plan = POLICIES.load("expected")().plan(
        artifact("second", 5, 1, stands=0b100), Holdings(steps, kept, 8)
    )

    assert not plan.admitted
    assert not plan.victims


def test_a_newcomer_whose_bytes_save_more_takes_the_place_of_another() -> None:
    steps = chain(1, 100, 1)
    kept = [artifact("first", 5, 0, stands=0b110)]

    plan = POLICIES.load("expected")().plan(
        artifact("second", 5, 1, stands=0b100), Holdings(steps, kept, 8)
    )

    assert plan.admitted
    assert plan.victims == ["first"]


def test_what_nothing_leads_to_any_more_goes_first_but_stays_while_there_is_room() -> None:
    steps = chain(10, 10, 10)
    kept = [
        artifact("newer leftover", 4, 2, used=2),
        artifact("older leftover", 4, 2, used=1),
        artifact("first", 4, 0, stands=0b110),
    ]
    newcomer = artifact("second", 4, 1, stands=0b100)
    policy = POLICIES.load("expected")()

    assert policy.plan(newcomer, Holdings(steps, kept, 16)).victims == []
    assert policy.plan(newcomer, Holdings(steps, kept, 12)).victims == ["older leftover"]


def test_what_was_made_before_the_last_change_is_worth_something_where_changes_are_taken_back() -> (
    None
):
    steps = replace(chain(10, 10, weights=[0.4, 0.4]), changed=0, reversal=0.2)
    kept = [artifact("first, before", 2, 0, stands=steps.reversing)]

    assert POLICIES.load("expected")().scores(Holdings(steps, kept, 9)) == [0.2 * 10 / 2]


def test_within_a_run_what_is_read_more_often_per_byte_stays() -> None:
    steps = Steps((), (), (), ())
    kept = [
        artifact("read twice", 10, readers=2, read_seconds=1),
        artifact("read no more", 1, readers=0, read_seconds=1),
        artifact("read once", 10, readers=1, read_seconds=1),
    ]
    newcomer = artifact("new", 9, readers=3, read_seconds=1)

    plan = POLICIES.load("expected")().plan(newcomer, Holdings(steps, kept, 22))

    assert plan.victims == ["read no more", "read once"]


def test_what_is_read_more_slowly_than_made_is_not_kept() -> None:
    steps = replace(chain(1, 1), bytes_per_second=10)

    plan = POLICIES.load("expected")().plan(
        artifact("first", 100, 0, stands=0b10), Holdings(steps, [], 1000)
    )

    assert not plan.admitted


def test_simple_policies_take_what_is_oldest_or_was_used_longest_ago() -> None:
    kept = [
        artifact("a", 4, added=1, used=9, seconds=1),
        artifact("b", 4, added=2, used=3, seconds=4),
        artifact("c", 4, added=3, used=8, seconds=2),
    ]
    newcomer = artifact("d", 6, added=10, used=10, seconds=1)
    victims = {
        name: POLICIES.load(name)().plan(newcomer, Holdings(chain(1), kept, 12)).victims
        for name in ("fifo", "lru", "gdsf")
    }
    assert victims == {"fifo": ["a", "b"], "lru": ["b", "c"], "gdsf": ["a", "c"]}


def test_gdsf_raises_its_floor_to_what_its_last_victim_was_worth() -> None:
    kept = [artifact("often", 2, seconds=3, uses=4), artifact("late", 2, seconds=1, floor=5)]

    plan = POLICIES.load("gdsf")().plan(
        artifact("new", 2, seconds=1), Holdings(chain(1), kept, 4, floor=5)
    )

    assert plan.victims == ["late"]  # 5 + 1 × 1 / 2, against 0 + 4 × 3 / 2
    assert plan.floor == 5.5


def test_the_printed_formula_is_as_printed() -> None:
    """A diamond and a step behind it: 0 → 1, 0 → 2, 1 → 3, 2 → 3, 3 → 4."""
    steps = Steps([[], [0], [0], [1, 2], [3]], [7, 5, 3, 2, 1], range(5), [0.2] * 5)
    kept = [artifact("root", 2 * GIB, 0), artifact("joined", GIB, 3)]

    root, joined = AsPrinted().scores(Holdings(steps, kept, 1e12))

    # Eq. 4 and 5: of what is behind the root only 3 (distance 2) and 4 (3) count
    assert root == pytest.approx((1 / 2 + 1 / 3) ** 2 - math.exp(-2 * GIB / 1e9))
    # Eq. 3: edges 0→1, 0→2, 1→3, 2→3 with degrees 2, 2, 2, 3
    cost = (7 + 4) + (7 + 4) + (5 + 6) + (3 + 6)
    assert joined == pytest.approx(1.5 * math.log(1 + cost) - math.exp(-GIB / 1e9))


def test_the_printed_algorithm_admits_nothing_when_the_storage_is_exactly_full() -> None:
    steps = chain(1, 1, 100, 100)
    full = Holdings(steps, [artifact("first", 8, 0)], 8)

    assert not AsPrinted().plan(artifact("third", 1, 2), full).admitted
    assert AsPrinted().plan(artifact("third", 1, 2), replace(full, capacity=8.5)).admitted


@pytest.mark.parametrize("name", [*POLICIES])
@pytest.mark.parametrize("seed", range(10))
def test_no_policy_exceeds_the_bound_or_lets_go_what_is_pinned(name: str, seed: int) -> None:
    steps, chance = some_steps(seed), random.Random(seed)
    places = [*range(len(steps.givers))]
    held = [replace(one, is_pinned=chance.random() < 0.3) for one in kept_of(steps, places, chance)]
    held.append(artifact("of another workflow", 3, score=chance.random()))
    newcomer = held.pop(chance.randrange(len(held)))
    capacity = chance.randint(1, 2) * sum(one.size for one in held) / 2
    while sum(one.size for one in held) > capacity:
        held.pop()
    plan = POLICIES.load(name)().plan(newcomer, Holdings(steps, held, capacity))

    assert not {one.key for one in held if one.is_pinned} & set(plan.victims)
    left = [one.size for one in held if one.key not in plan.victims]
    if name == "all":
        assert plan.admitted
    elif plan.admitted:
        assert name != "none"
        assert sum(left) + newcomer.size <= capacity


@pytest.mark.parametrize("name", sorted({*POLICIES} - {"all"}))
def test_what_is_larger_than_the_cache_is_never_kept_and_nothing_goes_for_it(name: str) -> None:
    kept = [artifact("a", 4, 0, stands=0b10)]
    plan = POLICIES.load(name)().plan(artifact("b", 11, 1), Holdings(chain(1, 1), kept, 10))

    assert not plan.admitted
    assert not plan.victims or name == "paper"  # one of its faults


def test_changes_count_less_with_every_one_that_follows() -> None:
    assert change_weights(4, []) == [0.25] * 4
    # a prior of 2 changes over 4 types; the last change counts 1, those before it ½, ¼ …
    assert change_weights(4, [0, 1, 1]) == pytest.approx([0.2, 0.5333, 0.1333, 0.1333], abs=1e-4)
    assert change_weights(4, [0, 1, 1])[0] == pytest.approx((0.5 + 0.25) / 3.75)
    assert reversal_weight(8, 0) < reversal_weight(8, 1) < reversal_weight(8, 4)


def test_subsets_of_changes_weigh_what_their_members_do() -> None:
    steps = Steps([[]], [1], [0], [0.05] * 18, 0, 0.1)
    for chosen in combinations(range(19), 2):
        weight = steps.weigh(sum(1 << one for one in chosen))
        assert weight == pytest.approx(0.15 if 18 in chosen else 0.1)

"""Parts of graphs: valid on any graph, near the best that there is on small ones."""

import random
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from statistics import mean

import pytest

from sqlml.workflow.contraction import contracted, together
from sqlml.workflow.partition import partition
from sqlml.workflow.quotient import Graph

Parts = Sequence[Sequence[int]]


def makespan(graph: Graph, parts: Parts) -> float:
    """When all parts have ended, each of which starts when those that it needs have.

    Raises:
        CycleError: they need each other in a circle.
    """
    of = {node: i for i, part in enumerate(parts) for node in part}
    before = {
        i: {of[e] for node in part for e in graph.needs[node]} - {i} for i, part in enumerate(parts)
    }
    ends: dict[int, float] = {}
    for i in TopologicalSorter(before).static_order():
        path: dict[int, float] = {}
        for node in sorted(parts[i]):
            start = max((path.get(each, 0.0) for each in graph.needs[node]), default=0.0)
            path[node] = start + graph.seconds[node]
        ends[i] = max((ends[each] for each in before[i]), default=0.0) + max(path.values())
    return max(ends.values())


def check(graph: Graph, parts: Parts, limits: tuple[float, ...]) -> float:
    assert sorted(node for part in parts for node in part) == [*range(len(graph.needs))]
    for part in parts:
        sizes = [sum(graph.sizes[node][i] for node in part) for i in range(len(limits))]
        assert len(part) == 1 or all(a <= b for a, b in zip(sizes, limits, strict=True))
    of = {node: i for i, part in enumerate(parts) for node in part}
    assert all(of[e] <= of[node] for node, needed in enumerate(graph.needs) for e in needed)
    return makespan(graph, parts)


def drawn(chance: random.Random, size: int) -> Graph:
    """A graph of any shape, of steps of any length and two sizes."""
    density = chance.choice([0.05, 0.2, 0.5])
    reach = chance.choice([2, 5, size])
    needs = [
        [e for e in range(max(0, i - reach), i) if chance.random() < density] for i in range(size)
    ]
    seconds = [chance.choice([0.0, 1.0, chance.uniform(0, 9)]) for _ in range(size)]
    sizes = [(1.0, float(chance.randint(1, 3))) for _ in range(size)]
    return Graph(needs, seconds, sizes)


def all_partitions(nodes: Sequence[int]) -> Iterator[list[list[int]]]:
    if not nodes:
        yield []
        return
    for rest in all_partitions(nodes[1:]):
        yield [[nodes[0]], *rest]
        for i, part in enumerate(rest):
            yield [*rest[:i], [nodes[0], *part], *rest[i + 1 :]]


def test_parts_cover_the_graph_within_limits_and_without_circles() -> None:
    chance = random.Random(3)
    for _ in range(60):
        graph = drawn(chance, chance.randint(1, 60))
        limits = (float(chance.randint(1, 20)), float(chance.randint(3, 30)))
        parts = partition(graph, limits)
        assert check(graph, parts, limits) >= graph.critical_path() - 1e-9
        assert partition(graph, limits) == parts


def test_small_graphs_take_little_longer_than_with_the_best_parts() -> None:
    chance = random.Random(5)
    ratios = []
    for _ in range(40):
        graph = drawn(chance, 6)
        limits = (3.0, 6.0)
        parts = partition(graph, limits)
        best = float("inf")
        for other in all_partitions(range(6)):
            if len(other) <= len(parts):
                try:
                    best = min(best, check(graph, sorted(other, key=min), limits))
                except (AssertionError, ValueError):
                    continue
        ratios.append(check(graph, parts, limits) / best if best else 1.0)
    assert mean(ratios) < 1.03
    assert max(ratios) < 1.4


def test_pieces_without_a_link_are_never_cut() -> None:
    """Ten chains of thirty, their steps in turn."""
    needs = [[i - 10] if i >= 10 else [] for i in range(300)]
    seconds = [float(1 + i % 7) for i in range(300)]
    graph = Graph(needs, seconds, [(1.0,)] * 300)
    parts = partition(graph, (60.0,))
    assert check(graph, parts, (60.0,)) == graph.critical_path()
    assert [len({node % 10 for node in part}) for part in parts] == [2] * 5


def test_branches_between_two_steps_are_kept_whole() -> None:
    """One step, forty chains of ten, and a step that needs them all."""
    needs = [[], *([i - 1 if (i - 1) % 10 else 0] for i in range(1, 401))]
    needs.append([i for i in range(1, 401) if i % 10 == 0])
    chance = random.Random(1)
    graph = Graph(needs, [chance.uniform(1, 9) for _ in needs], [(1.0,)] * 402)
    parts = partition(graph, (50.0,))
    assert check(graph, parts, (50.0,)) == pytest.approx(graph.critical_path(), rel=0.02)
    assert len(parts) <= 12


def test_chains_are_cut_into_as_few_parts_as_there_can_be() -> None:
    """Four chains beside each other, of 500 steps each: all of a part's room is used."""
    graph = Graph([[i - 4] if i >= 4 else [] for i in range(2000)], [1.0] * 2000, [(1.0,)] * 2000)
    parts = partition(graph, (200.0,))
    assert check(graph, parts, (200.0,)) == 500
    assert len(parts) == 10


def test_what_is_too_large_alone_is_a_part_alone() -> None:
    graph = Graph([[], [0], [1]], [1.0] * 3, [(1.0,), (9.0,), (1.0,)])
    assert partition(graph, (2.0,)) == [[0], [1], [2]]
    assert partition(Graph([], [], []), (2.0,)) == []


def test_what_belongs_together_is_one_with_all_that_runs_between() -> None:
    chance = random.Random(9)
    for _ in range(60):
        graph = drawn(chance, 25)
        pairs = [tuple(sorted(chance.sample(range(25), 2))) for _ in range(chance.randint(0, 4))]
        groups = together(graph, pairs)
        of = {node: i for i, group in enumerate(groups) for node in group}
        assert sorted(of) == [*range(25)]
        assert all(of[one] == of[other] for one, other in pairs)
        assert all(of[e] <= of[node] for node, needed in enumerate(graph.needs) for e in needed)
        small = contracted(graph, groups)
        assert all(e < i for i, needed in enumerate(small.needs) for e in needed)
        assert [size[0] for size in small.sizes] == [len(group) for group in groups]
    chain = Graph([[], [0], [1], [2], []], [1.0] * 5, [(1.0,)] * 5)
    assert together(chain, [(0, 2)]) == [[0, 1, 2], [3], [4]]
    assert contracted(chain, [[0, 1, 2], [3], [4]]).seconds == [3.0, 1.0, 1.0]

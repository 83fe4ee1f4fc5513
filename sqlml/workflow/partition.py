"""Cuts a graph into parts within limits, so that running it part by part takes little longer.

A part starts when all parts that it needs have ended. So a cut costs nothing if it is behind all
that ends early and before all that has to start late; and nothing at all is lost between pieces
that have no link. What is too large is cut in two where that costs least, and so on; what has come
apart is packed; then parts are merged while the whole takes no longer. (The Couler paper's Alg. 3
cuts along a depth-first search: its parts come to need each other in a circle.)
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress, pairwise
from operator import add, not_

from sqlml.workflow.quotient import Graph, Quotient, Size, added, ends_of, fits, total

_PER_PART = 0.01  # of the critical path: what having twice as many parts as needed must save
_PER_CUT = 0.05  # likewise: what a cut is expected to cost that is still to be made
_UNEVEN = 0.02  # likewise: a cut at an end, against one in the middle
_DEEPEST = 8  # cuts one in the other; from there on, they are made near the middle
_OPEN = 24  # parts that a piece is tried in
_LOOKS = 100_000  # at pairs of parts that could be one


def partition(graph: Graph, limits: Size) -> list[list[int]]:
    """The nodes of each part: each node is in one, no part is over a limit, and parts come after
    those that they need. The same for the same graph.

    A node that is over a limit by itself is a part of its own.
    """
    if not graph.needs:
        return []
    shortest = graph.critical_path() or 1.0
    fewest = max(1.0, _load(total(graph.sizes), limits))
    least = 1.0 + _PER_PART * math.ceil(fewest) / fewest
    best: tuple[float, Quotient] | None = None
    for parts in chain([_cut(graph, limits)], _slices(graph, limits)):
        found = Quotient(graph, parts, limits)
        _merge(found, shortest / fewest * _PER_PART)
        cost = found.makespan() / shortest + _PER_PART * len(found.members) / fewest
        if best is None or cost < best[0]:
            best = cost, found
        if cost <= least:
            break  # nothing is better
    assert best is not None
    found = best[1]
    return [found.members[part] for part in found.order()]


def _slices(graph: Graph, limits: Size) -> Iterator[list[list[int]]]:
    """Orders of execution, in slices as large as the limits let them be: by rank, and by level."""
    nodes = range(len(graph.needs))
    rests = _rests(graph, nodes)
    levels: list[int] = []
    for needed in graph.needs:
        levels.append(1 + max((levels[each] for each in needed), default=0))
    for order in (
        sorted(nodes, key=lambda n: (-rests[n], n)),
        sorted(nodes, key=lambda n: (levels[n], n)),
        nodes,
    ):
        yield sliced(graph, limits, order)


def sliced(graph: Graph, limits: Size, order: Sequence[int] = ()) -> list[list[int]]:
    """The nodes in slices of an order of execution, as large as the limits let them be; by default,
    that of their numbers.
    """
    order = order or range(len(graph.needs))
    parts = [[order[0]]]
    size = graph.sizes[order[0]]
    for node in order[1:]:
        size = added(size, graph.sizes[node])
        if fits(size, limits):
            parts[-1].append(node)
        else:
            parts.append([node])
            size = graph.sizes[node]
    return parts


# --- cuts ---------------------------------------------------------------------------------


def _cut(graph: Graph, limits: Size) -> list[list[int]]:
    """Parts that come from cutting in two, time and again."""
    load_of = {size: _load(size, limits) for size in set(graph.sizes)}
    loads = [load_of[size] for size in graph.sizes]
    parts: list[list[int]] = []
    stack = [([*range(len(graph.needs))], 0)]
    while stack:
        nodes, depth = stack.pop()
        pieces = _pieces(graph, nodes)
        has_room = [len(each) == 1 or fits(_total(graph, each), limits) for each in pieces]
        parts += _packed(graph, limits, [*compress(pieces, has_room)])
        for piece in compress(pieces, map(not_, has_room)):
            if _is_chain(graph, piece):
                parts += sliced(graph, limits, piece)
            else:
                early, late = _halves(graph, loads, piece, is_deep=depth >= _DEEPEST)
                stack += [(late, depth + 1), (early, depth + 1)]
    return parts


def _is_chain(graph: Graph, nodes: Sequence[int]) -> bool:
    """Whether each needs the one before it, so that no cut is better than another."""
    return all(before in graph.needs[node] for before, node in pairwise(nodes))


def _pieces(graph: Graph, nodes: Sequence[int]) -> list[list[int]]:
    """Nodes that are linked with each other, if only by way of others of them."""
    parents: dict[int, int] = {}  # a forest, as for union and find
    needs = graph.needs
    for node in nodes:
        parents[node] = node
        for each in needs[node]:
            if each in parents:
                is_root = parents[each] == each
                parents[each if is_root else _root(parents, each)] = node
    for node in reversed(nodes):  # a parent comes later than its children, so its root is known
        parents[node] = parents[parents[node]]
    pieces: dict[int, list[int]] = {root: [] for root in map(parents.__getitem__, nodes)}
    for node in nodes:
        pieces[parents[node]].append(node)
    return [*pieces.values()]


def _root(parents: dict[int, int], node: int) -> int:
    """The root of a node's tree, to which the way becomes shorter."""
    while (parent := parents[node]) != node:
        parents[node] = node = parents[parent]
    return node


def _packed(graph: Graph, limits: Size, pieces: Sequence[list[int]]) -> list[list[int]]:
    """Pieces together in parts: those beside each other that take as long."""
    lengths = [max(ends_of(graph, piece).values()) for piece in pieces]
    parts: list[list[int]] = []
    sizes: list[Size] = []
    for i in sorted(range(len(pieces)), key=lambda i: -lengths[i]):
        size = _total(graph, pieces[i])
        for part in range(max(0, len(parts) - _OPEN), len(parts)):
            if fits(added(sizes[part], size), limits):
                parts[part] += pieces[i]
                sizes[part] = added(sizes[part], size)
                break
        else:
            parts.append([*pieces[i]])
            sizes.append(size)
    return parts


def _halves(
    graph: Graph, loads: Sequence[float], nodes: Sequence[int], *, is_deep: bool
) -> tuple[list[int], list[int]]:
    """An early and a late half: nothing in the former needs anything in the latter."""
    ends, rests = ends_of(graph, nodes), _rests(graph, nodes)
    links = _links(graph, nodes)
    best: tuple[float, list[int], int] | None = None
    orders: list[list[int]] = []
    for order in (  # each sort keeps those in their order that are equal
        sorted(nodes, key=ends.__getitem__),
        sorted(nodes, key=rests.__getitem__, reverse=True),
        sorted(nodes, key={n: ends[n] - rests[n] for n in nodes}.__getitem__),
    ):
        if order in orders:
            continue
        orders.append(order)
        early = accumulate(map(ends.__getitem__, order), max)
        late = [*accumulate(map(rests.__getitem__, order[:0:-1]), max)]
        lengths = [*map(add, early, reversed(late))]
        margin = len(order) // 4 if is_deep else 0
        cost, at = _cheapest(lengths, _loads(loads, links, order), margin)
        if best is None or cost < best[0]:
            best = cost, order, at
    assert best is not None
    _, order, at = best
    return sorted(order[:at]), sorted(order[at:])


def _cheapest(
    lengths: Sequence[float], loads: Sequence[tuple[float, float, float, float]], margin: int
) -> tuple[float, int]:
    """What the best cut of an order costs, and how many nodes are before it.

    lengths: seconds that both halves take, cut behind each node but the last. loads: of the halves
    and of the largest piece in each. margin: so many nodes at each end stay together.
    """
    shortest = min(lengths) or 1.0
    whole = sum(loads[0][:2])
    best = float("inf"), 0
    for i in range(margin, len(lengths) - margin):
        early, late, early_piece, late_piece = loads[i]
        cuts = (early_piece - 1 if early_piece > 1 else 0) + (
            late_piece - 1 if late_piece > 1 else 0
        )
        wasted = (-early % 1.0 + -late % 1.0) * _PER_PART + abs(early - late) * _UNEVEN
        cost = lengths[i] / shortest + _PER_CUT * cuts + wasted / whole
        if cost < best[0]:
            best = cost, i + 1
    return best


def _loads(
    loads: Sequence[float], links: Mapping[int, Sequence[int]], order: Sequence[int]
) -> list[tuple[float, float, float, float]]:
    """For each cut of an order: how many parts each half fills, and the largest piece in each."""
    early = _growing(loads, links, order)
    late = _growing(loads, links, order[::-1])[::-1]
    return [(a, b, c, d) for (a, c), (b, d) in zip(early, late[1:], strict=False)]


def _growing(
    loads: Sequence[float], links: Mapping[int, Sequence[int]], order: Sequence[int]
) -> list[tuple[float, float]]:
    """While nodes are added: the load of all, and of the largest piece that has formed."""
    pieces: dict[int, float] = {}
    parents: dict[int, int] = {}  # a forest, as for union and find
    everything = largest = 0.0
    found: list[tuple[float, float]] = []
    for node in order:
        parents[node] = node
        load = loads[node]
        everything += load
        for each in links[node]:
            if each in parents and (root := _root(parents, each)) != node:
                load += pieces[root]
                parents[root] = node
        pieces[node] = load
        largest = max(largest, load)
        found.append((everything, largest))
    return found


def _links(graph: Graph, nodes: Sequence[int]) -> dict[int, list[int]]:
    """By node, those among `nodes` that it needs or that need it."""
    found: dict[int, list[int]] = {node: [] for node in nodes}
    for node in nodes:
        for each in graph.needs[node]:
            if each in found:
                found[node].append(each)
                found[each].append(node)
    return found


def _rests(graph: Graph, nodes: Sequence[int]) -> dict[int, float]:
    """Seconds from the start of each to the end of all that needs it: its rank, or bottom level."""
    rests = dict.fromkeys(nodes, 0.0)
    for node in reversed(nodes):
        rest = rests[node] = rests[node] + graph.seconds[node]
        for each in graph.needs[node]:
            if each in rests and rests[each] < rest:
                rests[each] = rest
    return rests


def _total(graph: Graph, nodes: Sequence[int]) -> Size:
    return total(map(graph.sizes.__getitem__, nodes))


def _load(size: Size, limits: Size) -> float:
    """How many parts it fills, by the limit that it fills most."""
    return max(a / most for a, most in zip(size, limits, strict=True))


# --- merging ------------------------------------------------------------------------------


def _merge(quotient: Quotient, worth: float) -> None:
    """Make one part of two, small ones first. worth: seconds that one part less may cost."""
    longest = quotient.makespan()
    looks = _LOOKS // len(quotient.members)
    for part in sorted(quotient.members, key=lambda p: quotient.sizes[p])[:looks]:
        ends, rests = quotient.ends(), quotient.rests()
        room = [p for p in quotient.members if p != part and quotient.has_room(p, part)]
        costs = sorted((quotient.merged_length(part, p, ends, rests), p) for p in room)
        for cost, other in costs[:4]:
            if cost <= longest + worth and quotient.can_merge(part, other):
                quotient.merge(other, part)
                longest = max(longest, cost)
                break

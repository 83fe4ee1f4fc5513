"""A graph in which some nodes that belong together are one."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush

from sqlml.workflow.quotient import Graph, ends_of, total


def together(graph: Graph, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The nodes in groups, in an order of execution, that of the nodes where it is free: both of
    each pair are in one, with all that has to run between them.
    """
    links: list[list[int]] = [list(needed) for needed in graph.needs]
    for one, other in pairs:
        links[one].append(other)
        links[other].append(one)
    groups = sorted(_circles(links))
    of = {node: i for i, group in enumerate(groups) for node in group}
    before = [
        {of[e] for n in group for e in graph.needs[n]} - {i} for i, group in enumerate(groups)
    ]
    behind: list[list[int]] = [[] for _ in groups]
    for i, others in enumerate(before):
        for each in others:
            behind[each].append(i)
    ready = [i for i, others in enumerate(before) if not others]
    ordered: list[list[int]] = []
    while ready:
        i = heappop(ready)
        ordered.append(groups[i])
        for each in behind[i]:
            before[each].remove(i)
            if not before[each]:
                heappush(ready, each)
    return ordered


def contracted(graph: Graph, groups: Sequence[Sequence[int]]) -> Graph:
    """The graph of some groups, which come in an order of execution."""
    of = {node: i for i, group in enumerate(groups) for node in group}
    return Graph(
        [sorted({of[e] for n in group for e in graph.needs[n]} - {of[group[0]]})
         for group in groups],
        [max(ends_of(graph, group).values()) for group in groups],
        [total(graph.sizes[node] for node in group) for group in groups],
    )  # fmt: skip


def _circles(links: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """The strongly connected components (Kosaraju's algorithm): nodes that reach each other."""
    order = [*_left(links, range(len(links)))]
    reversed_links: list[list[int]] = [[] for _ in links]
    for node, others in enumerate(links):
        for each in others:
            reversed_links[each].append(node)
    seen: set[int] = set()
    for root in reversed(order):
        if root not in seen:
            seen.add(root)
            found = [root]
            for node in found:
                new = [each for each in reversed_links[node] if each not in seen]
                seen.update(new)
                found += dict.fromkeys(new)
            yield sorted(found)


def _left(links: Sequence[Sequence[int]], roots: Iterable[int]) -> Iterator[int]:
    """The nodes as a search, depth first, leaves them."""
    seen: set[int] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(links[root]))]
        while stack:
            node, others = stack[-1]
            new = next((each for each in others if each not in seen), None)
            if new is None:
                stack.pop()
                yield node
            else:
                seen.add(new)
                stack.append((new, iter(links[new])))

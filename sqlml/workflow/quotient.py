"""A graph in parts, each of which starts when all those that it needs have ended."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import add, le

Size = tuple[float, ...]  # one number for each limit


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes are numbered so that each comes after all that it needs.

    needs: by node, those before it. seconds: how long each takes. sizes: what it counts for.
    """

    needs: Sequence[Sequence[int]]
    seconds: Sequence[float]
    sizes: Sequence[Size]

    def critical_path(self) -> float:
        """Seconds from the first start to the last end, if each starts when it can."""
        return max(ends_of(self, range(len(self.needs))).values(), default=0.0)


def ends_of(graph: Graph, nodes: Sequence[int]) -> dict[int, float]:
    """When each ends, were there no others than these, which come in their order."""
    needs, seconds = graph.needs, graph.seconds
    ends: dict[int, float] = {}
    for node in nodes:
        start = 0.0
        for each in needs[node]:
            if each in ends and ends[each] > start:
                start = ends[each]
        ends[node] = start + seconds[node]
    return ends


def total(sizes: Iterable[Size]) -> Size:
    """The sum of some sizes, of which there is one at least."""
    return tuple(map(sum, zip(*sizes, strict=True)))


def added(one: Size, other: Size) -> Size:
    return tuple(map(add, one, other))


def fits(size: Size, limits: Size) -> bool:
    return all(map(le, size, limits))


class Quotient:
    """members: the nodes of each part, in their order. before, behind: the parts that it needs and
    that need it, and by how many links.
    """

    def __init__(self, graph: Graph, parts: Iterable[Iterable[int]], limits: Size) -> None:
        self._graph = graph
        self._limits = limits
        self.members = {i: sorted(part) for i, part in enumerate(parts)}
        self.sizes = {
            i: total(graph.sizes[node] for node in part) for i, part in self.members.items()
        }
        self.lengths = {i: self._length(part) for i, part in self.members.items()}
        self.before: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self.behind: defaultdict[int, Counter[int]] = defaultdict(Counter)
        of = {node: i for i, part in self.members.items() for node in part}
        for node, needed in enumerate(graph.needs):
            for each in needed:
                self._link(of[each], of[node], 1)

    def order(self) -> list[int]:
        """The parts such that each comes after all that it needs; fewer, if there are circles."""
        missing = {part: len(self.before[part]) for part in self.members}
        found = [part for part, count in missing.items() if not count]
        for part in found:
            for each in self.behind[part]:
                missing[each] -= 1
                if not missing[each]:
                    found.append(each)
        return found

    def ends(self) -> dict[int, float]:
        """When each part ends, if each starts when it can."""
        found: dict[int, float] = {}
        for part in self.order():
            start = max((found[each] for each in self.before[part]), default=0.0)
            found[part] = start + self.lengths[part]
        return found

    def makespan(self) -> float:
        return max(self.ends().values(), default=0.0)

    def rests(self) -> dict[int, float]:
        """Seconds from the start of each part to the end of all that needs it."""
        found: dict[int, float] = {}
        for part in reversed(self.order()):
            rest = max((found[each] for each in self.behind[part]), default=0.0)
            found[part] = rest + self.lengths[part]
        return found

    def has_room(self, part: int, other: int) -> bool:
        """Whether one part has room for another one too."""
        return fits(added(self.sizes[part], self.sizes[other]), self._limits)

    def merged_length(
        self, one: int, other: int, ends: Mapping[int, float], rests: Mapping[int, float]
    ) -> float:
        """At most how long the longest path through both would be, were they one."""
        lengths = self.lengths[one], self.lengths[other]
        is_linked = other in self.before[one] or other in self.behind[one]
        before = {*self.before[one], *self.before[other]} - {one, other}
        behind = {*self.behind[one], *self.behind[other]} - {one, other}
        start = max((ends[each] for each in before), default=0.0)
        rest = max((rests[each] for each in behind), default=0.0)
        return start + (sum(lengths) if is_linked else max(lengths)) + rest

    def can_merge(self, one: int, other: int) -> bool:
        """Whether no third part has to run between the two."""
        return not (self._is_between(one, other) or self._is_between(other, one))

    def merge(self, one: int, other: int) -> None:
        """Make one part of two, which can be merged."""
        self.members[one] = sorted(self.members[one] + self.members.pop(other))
        self.sizes[one] = added(self.sizes[one], self.sizes.pop(other))
        del self.lengths[other]
        self.lengths[one] = self._length(self.members[one])
        for each, count in self.before.pop(other, Counter()).items():
            del self.behind[each][other]
            self._link(each, one, count)
        for each, count in self.behind.pop(other, Counter()).items():
            del self.before[each][other]
            self._link(one, each, count)

    def _length(self, part: Sequence[int]) -> float:
        return max(ends_of(self._graph, part).values(), default=0.0)

    def _link(self, early: int, late: int, count: int) -> None:
        if early != late:
            self.before[late][early] += count
            self.behind[early][late] += count

    def _is_between(self, early: int, late: int) -> bool:
        """Whether `late` needs a third part that needs `early`."""
        stack = [part for part in self.behind[early] if part != late]
        seen = set(stack)
        while stack:
            for each in self.behind[stack.pop()]:
                if each == late:
                    return True
                if each not in seen:
                    seen.add(each)
                    stack.append(each)
        return False

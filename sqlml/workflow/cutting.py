"""Where to cut a workflow into parts: what the steps of each part are."""

from collections.abc import Iterator, Sequence

from sqlml.workflow.contraction import contracted, together
from sqlml.workflow.graph import Links, links_of, watched
from sqlml.workflow.ir import Node, Output, Outputs
from sqlml.workflow.partition import partition, sliced
from sqlml.workflow.quotient import Graph, Size, fits, total


def cut(
    nodes: Sequence[Node],
    sizes: Sequence[Size],
    limits: Size,
    seconds: Sequence[float] = (),
    links: Links | None = None,
    *,
    as_written: bool = False,
) -> list[list[Node]]:
    """The nodes of each part, all in their order, which is one of execution.

    Nodes with bonds are in one part, with all that runs between them, if it has room for them.
    sizes: of each node. limits: of a part. seconds: how long each takes; by default, all the same.
    links: of the nodes, where they are known. as_written: in slices of their order, which takes
    longer to run, but less passes between parts where steps stand near those that they need.
    """
    at = {node.name: i for i, node in enumerate(nodes)}
    known = links or links_of(nodes)
    needed = [[at[name] for name in known[node.name]] for node in nodes]
    graph = Graph(needed, seconds or [1.0] * len(nodes), sizes)
    pairs = [(at[name], at[node.name]) for node in nodes for _, name in bonds(node)]
    parted = sliced if as_written else partition
    if not pairs:
        return [[nodes[n] for n in sorted(part)] for part in parted(graph, limits)]
    groups = together(graph, pairs)
    small = {n for group in groups if fits(total(sizes[n] for n in group), limits) for n in group}
    if len(small) < len(nodes):
        groups = together(graph, [pair for pair in pairs if pair[0] in small])
    parts = parted(contracted(graph, groups), limits)
    return [[nodes[n] for n in sorted(n for i in part for n in groups[i])] for part in parts]


def bonds(node: Node) -> Iterator[tuple[str, str]]:
    """The steps that a node has more to do with than to come after them or to take a value, and
    what: not all engines have means for that between parts.
    """
    for after in node.after:
        if after.status not in ("succeeded", "passed"):
            yield "asks for the status of", after.node
    for name in () if node.guard is None else watched(node.guard):
        yield "asks for the status of", name
    for file in node.files.values():
        if isinstance(file.source, Output):
            yield "takes a file of", file.source.node
    for value in node.inputs.values():
        if isinstance(value, Outputs):
            yield from (("collects the output of", name) for name in value.nodes)

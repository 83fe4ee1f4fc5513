"""A model's arithmetic as ONNX, in double precision: trees, weights and links."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sqlml.zoo.export.onnx_graph import DOUBLE, INT64, LEARNING, Graph, tensor
from sqlml.zoo.export.scoring import Below, Link, Node, OneOf, Scoring, Split

_LESS_OR_EQUAL, _LESS, _MEMBER = 0, 1, 6  # modes of nodes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model gives, as the names of tensors.

    values: of shape (rows, labels), and their type; columns: how many there are where they are one
    answer together. chosen: the number of each row's class.
    chances: of shape (rows, classes), in the order of `classes`.
    """

    values: str
    chosen: str = ""
    chances: str = ""
    classes: tuple[int, ...] = ()
    kind: int = DOUBLE
    columns: int = 0


def answer(graph: Graph, matrix: str, scoring: Scoring, width: int) -> Answer:
    """What the arithmetic makes of a matrix of this width."""
    scores = _scores(graph, matrix, scoring, width)
    values = _LINKED[scoring.link](graph, scores, scoring.scale)
    if scoring.classes is None:
        return Answer(values)
    if len(scoring.scores) > 1:
        place, chances = graph.node("ArgMax", scores, axis=1, keepdims=0), values
    else:
        is_second = graph.node("Greater", scores, graph.constant(0.0))
        axis = graph.constant([1], np.int64)
        place = graph.node("Squeeze", graph.cast(is_second, INT64), axis)
        first = graph.node("Sub", graph.constant(1.0), values)
        chances = graph.node("Concat", first, values, axis=1)
    chosen = graph.node("Gather", graph.constant(scoring.classes, np.int64), place)
    return Answer(values, chosen, chances if scoring.probable else "", scoring.classes)


def _scores(graph: Graph, matrix: str, scoring: Scoring, width: int) -> str:
    """The scores, of shape (rows, scores)."""
    found = graph.constant([[score.constant for score in scoring.scores]])
    if any(score.weights for score in scoring.scores):
        weights = np.zeros((width, len(scoring.scores)))
        for place, score in enumerate(scoring.scores):
            for feature, weight in (score.weights or {}).items():
                weights[feature, place] = weight
        found = graph.node("Add", found, graph.node("MatMul", matrix, graph.constant(weights)))
    if any(score.trees for score in scoring.scores):
        shares = graph.constant([[score.share for score in scoring.scores]])
        total = _Trees(scoring).write(graph, matrix)
        found = graph.node("Add", found, graph.node("Mul", total, shares))
    return found


@dataclass(slots=True)
class _Trees:
    """The trees of all scores as the attributes of one TreeEnsemble, node after node."""

    scoring: Scoring
    roots: list[int] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    members: list[float] = field(default_factory=list)
    missing_is_true: list[int] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)  # true, its kind, false, its kind
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def write(self, graph: Graph, matrix: str) -> str:
        for target, score in enumerate(self.scoring.scores):
            for tree in score.trees:
                self.roots.append(
                    self._split(tree if isinstance(tree, Split) else _stump(tree), target)
                )
        true, true_is_leaf, false, false_is_leaf = zip(*self.children, strict=True)
        listed = {"membership_values": tensor(self.members, np.float64)} if self.members else {}
        return graph.node(
            "TreeEnsemble",
            matrix,
            domain=LEARNING,
            n_targets=len(self.scoring.scores),
            tree_roots=self.roots,
            nodes_modes=tensor(self.modes, np.uint8),
            nodes_featureids=self.features,
            nodes_splits=tensor(self.limits, np.float64),
            nodes_missing_value_tracks_true=self.missing_is_true,
            nodes_truenodeids=true,
            nodes_trueleafs=true_is_leaf,
            nodes_falsenodeids=false,
            nodes_falseleafs=false_is_leaf,
            leaf_targetids=self.targets,
            leaf_weights=tensor(self.weights, np.float64),
            **listed,
        )

    def _split(self, split: Split, target: int) -> int:
        place = len(self.modes)
        mode, limit = _LESS_OR_EQUAL, 0.0
        match split.test:
            case Below(limit, inclusive):
                mode = _LESS_OR_EQUAL if inclusive else _LESS
            case OneOf(codes):
                mode = _MEMBER
                self.members.extend((*codes, np.nan))
        self.modes.append(mode)
        self.limits.append(limit)
        self.features.append(split.feature)
        self.missing_is_true.append(int(split.missing == "yes"))
        self.children.append([])
        self.children[place].extend(self._child(split.yes, target))
        self.children[place].extend(self._child(split.no, target))
        return place

    def _child(self, node: Node, target: int) -> tuple[int, int]:
        """The number of a node among the inner ones or among the leaves, and which of the two."""
        if isinstance(node, Split):
            return self._split(node, target), 0
        self.targets.append(target)
        self.weights.append(node)
        return len(self.weights) - 1, 1


def _stump(value: float) -> Split:
    """A tree whose answer is always the same: an ensemble's root is a split."""
    return Split(0, Below(0.0, inclusive=True), value, value)


# --- links ----------------------------------------------------------------------------------


def _logistic(graph: Graph, scores: str, scale: float) -> str:
    power = graph.node("Exp", graph.node("Mul", scores, graph.constant(-scale)))
    return graph.node("Reciprocal", graph.node("Add", power, graph.constant(1.0)))


def _normalized(graph: Graph, scores: str, scale: float) -> str:
    shares = _logistic(graph, scores, scale)
    total = graph.node("ReduceSum", shares, graph.constant([1], np.int64), keepdims=1)
    return graph.node("Div", shares, total)


def _softplus(graph: Graph, scores: str, _scale: float) -> str:
    return graph.node("Log", graph.node("Add", graph.node("Exp", scores), graph.constant(1.0)))


def _signed_square(graph: Graph, scores: str, _scale: float) -> str:
    return graph.node("Mul", scores, graph.node("Abs", scores))


_LINKED: Mapping[Link, Callable[[Graph, str, float], str]] = {
    "identity": lambda _graph, scores, _scale: scores,
    "exp": lambda graph, scores, _scale: graph.node("Exp", scores),
    "signed_square": _signed_square,
    "softplus": _softplus,
    "logistic": _logistic,
    "normalized_logistic": _normalized,
    "softmax": lambda graph, scores, _scale: graph.node("Softmax", scores, axis=1),
}

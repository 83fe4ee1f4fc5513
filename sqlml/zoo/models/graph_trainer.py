"""Fits networks on graphs, given as rows that each hold a node and one of its edges."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.attributes import Value, number
from sqlml.zoo.model import FitJob
from sqlml.zoo.models.graph import COLUMNS, FAMILY
from sqlml.zoo.models.graph_estimator import GraphEstimator, load
from sqlml.zoo.models.graph_network import (
    Adam,
    Floats,
    Objective,
    Weights,
    dropped,
    first_weights,
    probabilities,
    propagation,
)

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes by ascending number, each once, and edges as pairs of their places."""

    nodes: Floats
    features: Floats
    classes: Numbers
    edges: Numbers


class GraphTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> GraphEstimator:
        """Learn from some nodes' classes, keep the epoch that is best for others.

        Raises:
            StepError: E0461, too few classes; E0433, a node without number or features; E0481, an
                earlier model is to be continued.
        """
        _check(job)
        known = FAMILY.find(job.model)
        assert known is not None
        given = known.parameters.filled(job.parameters)
        graph = _graph(job)
        spread = propagation(graph.edges, len(graph.nodes))
        order = np.random.default_rng(job.seed).permutation(len(graph.nodes))
        train = max(round(number(given["train_ratio"]) * len(order)), 1)
        held = order[train : train + round(number(given["eval_ratio"]) * len(order))]
        objective = Objective(
            spread, graph.features, graph.classes, order[:train], number(given["weight_decay"])
        )
        widths = [graph.features.shape[1]]
        widths += [int(number(given["nhid"]))] * (int(number(given["nlayer"])) - 1)
        widths.append(max(job.classes, 2))
        weights = _trained(job, objective, held, widths, given)
        chances = probabilities(spread, graph.features, weights)
        return GraphEstimator(graph.nodes, chances, weights)

    def load(self, folder: Path) -> GraphEstimator:
        return load(folder)


def _trained(
    job: FitJob, objective: Objective, held: Numbers, widths: list[int], given: dict[str, Value]
) -> Weights:
    """The weights of the epoch with the best loss on `held` nodes, or of the last one."""
    draw = np.random.default_rng(job.seed + 1)
    weights = best = first_weights(widths, job.seed)
    lowest, epochs = np.inf, int(number(given["epochs"]))
    adam, share = Adam(number(given["learning_rate"])), number(given["dropout"])
    for epoch in range(1, epochs + 1):
        keep = dropped(widths, len(objective.features), share, draw) if share else None
        loss, gradients = objective.loss(weights, keep)
        weights = adam.step(weights, gradients)
        told = {"train_loss": loss}
        if len(held):
            chances = probabilities(objective.spread, objective.features, weights)[held]
            truth = objective.classes[held]
            told["validation_accuracy"] = float((chances.argmax(axis=1) == truth).mean())
            score = -np.log(np.maximum(chances[np.arange(len(held)), truth], 1e-300)).mean()
            if score < lowest:
                lowest, best = score, weights
        job.report(epoch, epochs, told)
    return best if len(held) else weights


def _graph(job: FitJob) -> Graph:
    whole = job.train.whole()
    assert whole.label is not None
    rows = np.asarray(whole.matrix, dtype=np.float64)
    own, features = rows[:, : len(COLUMNS)], rows[:, len(COLUMNS) :]
    for place, values in ((0, own[:, :1]), (len(COLUMNS), features)):
        if np.isnan(values).any():
            name = job.train.names[place]
            raise _problem(
                "E0433",
                f"`{name}` is empty in some rows",
                "every node needs a number and features: leave such rows out",
                f"column {name}",
            )
    nodes, first, of_row = np.unique(own[:, 0], return_index=True, return_inverse=True)
    facts = np.column_stack((whole.label, features))
    differing = (facts != facts[first][of_row]).any(axis=1)
    if differing.any():
        job.note(
            f"{len(np.unique(own[differing, 0])):,} nodes have another label or other features in a"
            " later row: the first one counts"
        )
    ends = own[:, 1:][~np.isnan(own[:, 1:]).any(axis=1)]
    places = np.minimum(np.searchsorted(nodes, ends), len(nodes) - 1)
    known = (nodes[places] == ends).all(axis=1)
    if not known.all():
        job.note(f"{(~known).sum():,} rows have edges to nodes that the query does not give")
    return Graph(
        nodes,
        features[first],
        whole.label[first].astype(np.int64),
        np.unique(places[known], axis=0),
    )


def _check(job: FitJob) -> None:
    if job.base is not None:
        message, hint = "`GCN` cannot go on from an earlier model", "leave USING out"
        raise _problem("E0481", message, hint, "using")
    given = job.parameters.get("nclass")
    if isinstance(given, int) and given < job.classes:
        raise _problem(
            "E0461",
            f"`nclass = {given}`, but the label has {job.classes} classes",
            "leave `model.nclass` out: classes are counted",
            "attribute nclass",
        )


def _problem(code: str, message: str, hint: str, about: str) -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about=about))

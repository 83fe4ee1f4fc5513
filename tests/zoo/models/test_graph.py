"""Graph convolution: its formulas in closed form, and graphs whose communities are known."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sqlml.errors import StepError
from sqlml.zoo.models import find_model
from sqlml.zoo.models.graph import FAMILY, GCN
from sqlml.zoo.models.graph_network import (
    Adam,
    Objective,
    first_weights,
    probabilities,
    propagation,
)
from sqlml.zoo.models.graph_trainer import GraphTrainer

TRAINER = GraphTrainer()

# Zachary, An Information Flow Model for Conflict and Fission in Small Groups (1977): who of the
# 34 members of a karate club met outside, by number; and who left with the instructor (member 1).
MET = {
    1: (2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 20, 22, 32), 2: (3, 4, 8, 14, 18, 20, 22, 31),
    3: (4, 8, 9, 10, 14, 28, 29, 33), 4: (8, 13, 14), 5: (7, 11), 6: (7, 11, 17), 7: (17,),
    9: (31, 33, 34), 10: (34,), 14: (34,), 15: (33, 34), 16: (33, 34), 19: (33, 34), 20: (34,),
    21: (33, 34), 23: (33, 34), 24: (26, 28, 30, 33, 34), 25: (26, 28, 32), 26: (32,),
    27: (30, 34), 28: (34,), 29: (32, 34), 30: (33, 34), 31: (33, 34), 32: (33, 34), 33: (34,),
}  # fmt: skip
INSTRUCTOR = (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 17, 18, 20, 22)
EDGES = np.array([(a, b) for a, others in MET.items() for b in others]) - 1
SIDES = np.array([0 if member in INSTRUCTOR else 1 for member in range(1, 35)])


def test_the_club_is_split_as_it_was_from_two_known_members() -> None:
    """Kipf and Welling (2017), appendix A, with one label for each side: members 1 and 34."""
    assert len(EDGES) == 78
    spread, features = propagation(EDGES, 34), np.eye(34)
    objective = Objective(spread, features, SIDES, np.array([0, 33]), decay=5e-4)
    weights, adam = first_weights((34, 16, 2), seed=0), Adam(0.01)
    for _epoch in range(200):
        _loss, gradients = objective.loss(weights)
        weights = adam.step(weights, gradients)
    found = probabilities(spread, features, weights).argmax(axis=1)
    assert (found == SIDES).sum() >= 32


def test_neighbours_are_averaged_by_the_roots_of_their_degrees() -> None:
    """A path of three nodes: degrees with self-loops 2, 3, 2."""
    found = propagation(np.array([[0, 1], [1, 2], [1, 0]]), 3).toarray()
    root = 1 / np.sqrt(6)
    np.testing.assert_allclose(found, [[1 / 2, root, 0], [root, 1 / 3, root], [0, root, 1 / 2]])


@pytest.mark.parametrize("dropout", [False, True])
def test_the_gradient_is_the_slope_of_the_loss(dropout: bool) -> None:
    draw = np.random.default_rng(3)
    spread = propagation(draw.integers(0, 9, (14, 2)), 9)
    classes, known = draw.integers(0, 3, 9), np.array([0, 3, 5, 8])
    objective = Objective(spread, draw.normal(size=(9, 4)), classes, known, decay=0.1)
    weights = first_weights((4, 5, 6, 3), seed=1)
    keep = [(draw.random((9, width)) > 0.3) / 0.7 for width in (4, 5, 6)] if dropout else None
    _loss, gradients = objective.loss(weights, keep)
    for layer, place in ((0, (1, 2)), (1, (4, 0)), (2, (5, 1))):
        ends = []
        for step in (1e-6, -1e-6):
            moved = [weight.copy() for weight in weights]
            moved[layer][place] += step
            ends.append(objective.loss(tuple(moved), keep)[0])
        slope = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(gradients[layer][place], slope, rtol=1e-5, atol=1e-9)


def communities() -> tuple[Any, Any, Any]:
    """Synthetic: 300 papers of 3 fields that cite mostly their own, with words that tell little."""
    draw = np.random.default_rng(5)
    field = np.repeat([0, 1, 2], 100)
    own = field[:, None] == field[None]
    linked = np.triu(draw.random((300, 300)) < np.where(own, 0.06, 0.005), 1)
    words = (draw.random((300, 20)) < 0.2 + 0.1 * (np.arange(20) % 3 == field[:, None])) * 1.0
    return field, np.argwhere(linked), words


@pytest.fixture
def papers(dataset: Any) -> Any:
    """A row for each paper and edge, and one for each paper; numbers from 1000 down."""
    field, edges, words = communities()
    rows = np.concatenate((edges, np.column_stack((np.arange(300), np.full((300, 1), -1)))))
    ends = np.where(rows < 0, np.nan, 1000 - rows)
    ends[rows[:, 1] < 0] = np.nan
    matrix = np.column_stack((1000 - rows[:, 0], ends, words[rows[:, 0]]))
    return dataset(matrix, field[rows[:, 0]].astype(np.int32))


def test_edges_tell_what_features_alone_do_not(papers: Any, fit: Any) -> None:
    field, _edges, words = communities()
    parameters = {"train_ratio": 0.1, "eval_ratio": 0.2, "epochs": 100}
    told: list[Any] = []
    fitted = fit(
        TRAINER, GCN, papers, "classification", parameters, report=lambda *one: told.append(one)
    )
    numbers = 1000.0 - np.arange(300)
    order = np.random.default_rng(0).permutation(300)
    known, new = 299 - order[:30], 299 - order[90:]  # places are by ascending number
    found = (fitted.predict(numbers[:, None]) == field)[new].mean()
    alone = LogisticRegression(max_iter=500).fit(words[known], field[known])
    assert found > 0.8
    assert found > alone.score(words[new], field[new]) + 0.2
    assert told[-1][:2] == (100, 100)
    assert set(told[-1][2]) == {"train_loss", "validation_accuracy"}


def test_a_saved_network_predicts_the_same(papers: Any, fit: Any, tmp_path: Path) -> None:
    notes: list[str] = []
    fitted = fit(TRAINER, GCN, papers, "classification", {"epochs": 3}, note=notes.append)
    assert notes == []
    later = np.flatnonzero(papers.matrix[:, 0] == papers.matrix[0, 0])[1:]
    papers.label[later] = (papers.label[later] + 1) % 3
    again = fit(TRAINER, GCN, papers, "classification", {"epochs": 3}, note=notes.append)
    assert [note.split(" nodes ")[0] for note in notes] == ["1"]
    folder = tmp_path / "model"
    folder.mkdir()
    fitted.save(folder)
    loaded = TRAINER.load(folder)
    for other in (loaded, again):
        np.testing.assert_array_equal(
            fitted.probabilities(papers.matrix), other.probabilities(papers.matrix)
        )


def fault(run: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    with pytest.raises(StepError) as caught:
        run(*arguments, **options)
    (found,) = caught.value.diagnostics
    return found.code, found.about


def test_what_cannot_be_is_refused(papers: Any, fit: Any) -> None:
    fitted = fit(TRAINER, GCN, papers, "classification", {"epochs": 1})
    assert fault(fitted.predict, [[5.0]]) == ("E0484", "query")
    assert fault(fitted.contributions, papers.matrix) == ("E0486", "model")
    task = "classification"
    assert fault(fit, TRAINER, GCN, papers, task, {"nclass": 2}) == ("E0461", "attribute nclass")
    assert fault(fit, TRAINER, GCN, papers, task, base=fitted) == ("E0481", "using")
    papers.matrix[4, 7] = np.nan
    assert fault(fit, TRAINER, GCN, papers, task) == ("E0433", "column x3")


def test_names_and_remarks() -> None:
    model = find_model("sqlflow_models.GCN")
    assert model is not None
    assert model.name == GCN
    (told,) = FAMILY.remarks(model, {"model.train_ratio": 0.9})
    assert (told.attribute, told.is_fault) == ("model.train_ratio", True)
    (told,) = FAMILY.remarks(model, {"train.epoch": 10})
    assert not told.is_fault

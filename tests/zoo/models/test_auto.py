"""auto.*: candidates that exist, and spaces that they take."""

import pytest

from sqlml.zoo.models import find_model
from sqlml.zoo.models.auto import FAMILY
from sqlml.zoo.search import Candidate, Choice

CANDIDATES = [
    pytest.param(model, one, id=f"{model.name} {one.estimator}")
    for model in FAMILY.models
    for one in model.candidates
]


@pytest.mark.parametrize(("model", "candidate"), CANDIDATES)
def test_a_candidate_takes_all_its_space(model: object, candidate: Candidate) -> None:
    found = find_model(candidate.estimator)
    assert found is not None
    assert found.name == candidate.estimator
    assert found.task in (None, model.task)  # type: ignore[attr-defined]
    assert set(candidate.first) == set(candidate.space)
    for name, dimension in candidate.space.items():
        namespace, _, rest = name.partition(".")
        known = found.parameters if namespace == "model" else found.settings
        assert known[rest].name == rest  # not an alias: it must not be given twice
        values = (
            dimension.values if isinstance(dimension, Choice) else (dimension.low, dimension.high)
        )
        for value in (*values, candidate.first[name]):
            assert known[rest].check(value) == value
        if not isinstance(dimension, Choice):
            assert dimension.low <= candidate.first[name] <= dimension.high


def test_the_names_are_known_in_any_case() -> None:
    for name in ("auto.classifier", "AUTO.Regressor"):
        assert find_model(name) is not None
    assert find_model("auto.clusterer") is None

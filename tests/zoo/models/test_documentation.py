"""The generated page of models, and `sqlml help MODEL`."""

from pathlib import Path

import pytest

from sqlml.errors import ProgramError
from sqlml.zoo.models import find_model, model_names
from sqlml.zoo.models.documentation import model_help, models_page

PAGE = Path(__file__).parents[3] / "docs" / "models.md"


def test_the_page_in_docs_is_the_one_that_make_docs_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == models_page(), "run `make docs`"


def test_the_page_names_every_model() -> None:
    page = models_page()
    for name in model_names():
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("name", model_names())
def test_the_help_of_a_model_tells_every_parameter_that_it_takes(name: str) -> None:
    model = find_model(name)
    assert model is not None
    text = model_help(name)
    assert text.startswith(name)
    for parameter, attribute in model.parameters.items():
        if attribute.kinds or attribute.choices:
            assert f"  model.{parameter}" in text
            assert attribute.doc in text


def test_help_tells_range_default_and_other_names() -> None:
    text = model_help("kmeans")
    assert "model.n_clusters   default 8\n      an integer ≥ 1\n      Number of clusters." in text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sklearn.cluster.KMean", "sklearn.cluster.KMeans"),
        ("KMean", "KMeans"),
        ("xgboost.gbtre", "xgboost.gbtree"),
    ],
)
def test_help_on_no_model_names_the_nearest(written: str, meant: str) -> None:
    with pytest.raises(ProgramError) as caught:
        model_help(written)
    assert caught.value.diagnostics[0].hint == f"did you mean `{meant}`?"

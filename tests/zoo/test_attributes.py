"""What an attribute takes, what it makes of it, and what it says to the rest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlml.errors import nearest
from sqlml.zoo.attributes import Attribute, AttributeProblem, Dictionary

ETA = Attribute("eta", ("number",), minimum=0, maximum=1)
DEPTH = Attribute("max_depth", ("integer",), minimum=0)
FLAG = Attribute("flag", ("boolean",))
BOOSTER = Attribute("booster", choices=("gbtree", "gblinear", "dart"))
FRACTION = Attribute("", ("number",), minimum=0, open_minimum=True, maximum=1)
FEATURES = Attribute(
    "max_features", ("integer",), minimum=1, also=(FRACTION,), choices=("sqrt", "log2", None)
)
METRICS = Attribute("metrics", choices=("auc", "logloss"), several=True)
TEXT = Attribute("weight", ("text",))
LIST = Attribute("shape", ("list",))
LEVEL = Attribute("verbosity", choices=(-1, 0, 1))


@pytest.mark.parametrize(
    ("attribute", "value", "taken"),
    [
        (ETA, 1, 1.0),
        (ETA, 0.25, 0.25),
        (DEPTH, 3.0, 3),
        (DEPTH, 0, 0),
        (FLAG, "TRUE", True),
        (FLAG, "false", False),
        (FLAG, 1, True),
        (FLAG, 0.0, False),
        (BOOSTER, "GBTree", "gbtree"),
        (FEATURES, 1, 1),
        (FEATURES, 1.0, 1.0),
        (FEATURES, 0.5, 0.5),
        (FEATURES, 2.0, 2),
        (FEATURES, "SQRT", "sqrt"),
        (FEATURES, None, None),
        (METRICS, "AUC", ("auc",)),
        (METRICS, "auc, LogLoss", ("auc", "logloss")),
        (METRICS, ["auc", "auc"], ("auc", "auc")),
        (TEXT, "Any Text", "Any Text"),
        (LIST, [1, [2, "a"]], (1, (2, "a"))),
        (LEVEL, 1.0, 1),
        (Attribute("x", ("any",)), [None, True], (None, True)),
        (Attribute("x", choices=(True, "auto")), "true", True),
        (Attribute("x", ("integer", "number"), minimum=0), 2, 2),
    ],
)
def test_a_value_is_taken_as_the_library_wants_it(
    attribute: Attribute, value: Any, taken: Any
) -> None:
    checked = attribute.check(value)
    assert checked == taken
    assert type(checked) is type(taken)


@pytest.mark.parametrize(
    ("attribute", "value", "message", "hint"),
    [
        (ETA, 2, "`eta` must be a number in [0, 1], not 2", ""),
        (ETA, True, "`eta` must be a number in [0, 1], not TRUE", ""),
        (ETA, None, "`eta` must be a number in [0, 1], not NULL", ""),
        (ETA, float("nan"), "`eta` must be a number in [0, 1], not nan", ""),
        (
            DEPTH,
            "6",
            "`max_depth` must be an integer ≥ 0, not the text '6'",
            "write 6 without quotes",
        ),
        (DEPTH, "six", "`max_depth` must be an integer ≥ 0, not the text 'six'", ""),
        (DEPTH, 2.5, "`max_depth` must be an integer ≥ 0, not 2.5", ""),
        (FLAG, 2, "`flag` must be TRUE or FALSE, not 2", ""),
        (
            BOOSTER,
            "gbtre",
            "`booster` must be one of `gbtree`, `gblinear` or `dart`, not the text 'gbtre'",
            "did you mean `gbtree`?",
        ),
        (
            FEATURES,
            1.5,
            "`max_features` must be an integer ≥ 1, a number in (0, 1], `sqrt`, `log2` or NULL, "
            "not 1.5",
            "",
        ),
        (
            METRICS,
            ("auc", "f2"),
            "`metrics` must be `auc` or `logloss`, or a list of such values, not the text 'f2'",
            "",
        ),
        (
            METRICS,
            (),
            "`metrics` is an empty list",
            "give `auc` or `logloss`, or a list of such values",
        ),
        (TEXT, 3, "`weight` must be text, not 3", ""),
        (LIST, 3, "`shape` must be a list, not 3", ""),
        (TEXT, ("a", 1), "`weight` must be text, not ['a', 1]", ""),
        (LEVEL, False, "`verbosity` must be one of `-1`, `0` or `1`, not FALSE", ""),
    ],
)
def test_a_value_that_is_not_taken_is_told_what_would_be(
    attribute: Attribute, value: Any, message: str, hint: str
) -> None:
    with pytest.raises(AttributeProblem) as caught:
        attribute.check(value)
    assert caught.value.message == message
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        (Attribute("x", ("number",), minimum=0, open_minimum=True), "a number > 0"),
        (Attribute("x", ("number",), maximum=3), "a number ≤ 3"),
        (Attribute("x", ("number",), maximum=3, open_maximum=True), "a number < 3"),
        (
            Attribute("x", ("integer",), minimum=0, maximum=2**31 - 1),
            "an integer in [0, 2147483647]",
        ),
        (Attribute("x", ("integer",), choices=(None,)), "an integer or NULL"),
        (
            Attribute("x", choices=tuple(f"c{i}" for i in range(14))),
            "one of " + ", ".join(f"`c{i}`" for i in range(12)) + " or 2 others",
        ),
    ],
)
def test_an_attribute_is_described_in_words(attribute: Attribute, words: str) -> None:
    assert attribute.describe() == words


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.tuples()),
    st.sampled_from([ETA, DEPTH, FLAG, BOOSTER, FEATURES, METRICS, TEXT, LIST, LEVEL]),
)
def test_what_is_taken_once_is_taken_again_unchanged(value: Any, attribute: Attribute) -> None:
    try:
        taken = attribute.check(value)
    except AttributeProblem:
        return
    again = attribute.check(taken)
    assert again == taken
    assert type(again) is type(taken)


ATTRIBUTES = Dictionary(
    (
        Attribute("C", ("number",)),
        Attribute("num_boost_round", ("integer",), aliases=("n_estimators", "num_trees")),
    )
)


def test_a_name_or_alias_in_any_case_is_its_attribute() -> None:
    assert ATTRIBUTES["c"].name == "C"
    assert ATTRIBUTES["N_Estimators"].name == "num_boost_round"
    assert "num_trees" in ATTRIBUTES
    assert "nothing" not in ATTRIBUTES
    assert list(ATTRIBUTES) == ["C", "num_boost_round"]


def test_the_nearest_name_may_be_an_alias() -> None:
    assert ATTRIBUTES.nearest("n_estimator") == "n_estimators"
    assert ATTRIBUTES.nearest("zzzzz") is None


def test_the_later_of_two_dictionaries_replaces_attributes() -> None:
    merged = ATTRIBUTES.merge(Dictionary((Attribute("C", ("integer",)), Attribute("d"))))
    assert merged["C"].kinds == ("integer",)
    assert list(merged) == ["C", "num_boost_round", "d"]
    assert list(merged.only("d", "C")) == ["d", "C"]


def test_a_text_lists_numbers_as_a_list_does() -> None:
    units = Attribute("hidden_units", ("integer",), minimum=1, several=True)
    for text in ("[10, 20]", "10,20", " [ 10 ,20, ] "):
        assert units.check(text) == (10, 20)
    with pytest.raises(AttributeProblem, match="not 0"):
        units.check("[10, 0]")
    with pytest.raises(AttributeProblem, match="not the text 'x'"):
        units.check("10, x")
    assert METRICS.check("['auc', \"logloss\"]") == ("auc", "logloss")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Adma", "Adam"),  # two letters that changed places are one edit: Adamax needs two
        ("adagrda", "Adagrad"),
        ("Adamx", "Adam"),  # as far from Adamax, which is longer
        ("rmspropp", "RMSprop"),
        ("gradient", None),
    ],
)
def test_the_name_that_needs_the_fewest_edits_is_nearest(written: str, meant: str | None) -> None:
    optimizers = ("Adadelta", "Adagrad", "Adamax", "Adam", "Nadam", "RMSprop", "SGD")
    assert nearest(written, optimizers) == meant

"""Arguments of ready-made programs: how they are written, and what is wrong with them."""

import pytest

from sqlml.zoo.runnables import RUNNABLES, find_runnable
from sqlml.zoo.runnables.contract import ArgumentProblem
from sqlml.zoo.runnables.documentation import runnable_help

BINNING = RUNNABLES.load("binning")


@pytest.mark.parametrize(
    "words",
    [
        ("--columns", "a,b", "--bins", "5", "--jointly"),
        ("--columns=a,b", "--bins=5", "--jointly=true"),
        ("--columns", " a , b ", "--bin_num", "5", "--jointly", "TRUE", "--dbname", "x"),
        ("--dbname=x", "--jointly", "--bin-num=5", "--columns=a,b"),
    ],
)
def test_arguments_may_be_written_in_several_ways(words):
    options, places = BINNING.options(words)
    assert options["columns"] == ("a", "b")
    assert options["bins"] == (5,)
    assert options["jointly"] is True
    assert options["method"] == ("equal_width",)
    assert set(places) == {"columns", "bins", "jointly"}


@pytest.mark.parametrize(
    ("words", "code", "word", "hint"),
    [
        (("--columns=a", "--bin=5"), "E0243", 1, "did you mean `--bins`?"),
        (("columns=a",), "E0243", 0, "did you mean `--columns`?"),
        (("--columns=a", "--xyz"), "E0243", 1, "it takes `--columns`, `--bins`"),
        (("--columns=a", "--columns", "b"), "E0243", 2, "keep one"),
        (("--columns=a", "--bins", "0"), "E0244", 2, ""),
        (("--columns=a", "--bins=1.5"), "E0244", 1, ""),
        (("--columns=a", "--method=quantle"), "E0244", 1, "did you mean `quantile`?"),
        (("--columns=",), "E0244", 0, "text"),
        ((), "E0245", None, "--columns"),
    ],
)
def test_what_is_wrong_has_a_place_and_a_way_out(words, code, word, hint):
    with pytest.raises(ArgumentProblem) as caught:
        BINNING.options(words)
    assert (caught.value.code, caught.value.word) == (code, word)
    assert hint in caught.value.hint


def test_programs_are_found_by_their_names_and_by_sqlflows():
    assert find_runnable("PSI", ("--x",)) == ("psi", ("--x",))
    image = "sqlflow/runnable:v0.0.1"
    assert find_runnable(image, ("binning.py", "--columns=a")) == ("binning", ("--columns=a",))
    assert find_runnable(image, ("other.py",)) is None
    assert find_runnable(image, ()) is None
    assert find_runnable("tools/psi.py", ()) is None


@pytest.mark.parametrize("name", list(RUNNABLES))
def test_every_argument_is_documented_and_shown(name):
    runnable = RUNNABLES.load(name)
    shown = runnable_help(name)
    assert runnable.doc in shown
    for argument in runnable.arguments:
        assert f"  --{argument.attribute.name}" in shown
        assert argument.attribute.doc.endswith(".")
        assert argument.attribute.doc in shown

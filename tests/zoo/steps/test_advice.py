"""Trainings that an advisor predicts (algorithm 4 of the Couler paper): which of them are tried."""

import json
import re
import sys
from typing import Any, ClassVar

import pytest

from sqlml.errors import StepError
from sqlml.zoo.advisor import NoAnswer, advisor
from sqlml.zoo.features.defaults import default_feature
from sqlml.zoo.search import Candidate, Range, Search
from sqlml.zoo.steps.advice import predicted_score
from sqlml.zoo.steps.suggestion import suggest
from sqlml.zoo.steps.trial_result import TrialResult

SEARCH = Search(
    (Candidate("sklearn.tree.DecisionTreeClassifier", {"model.max_depth": Range(1, 30)}),),
    metric="accuracy",
    predictions=6,
)


class ScriptedAdvisor:
    """A stand-in for a language model: shallow trees are the best, every third answer is none."""

    prompts: ClassVar[list[str]] = []

    def complete(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if len(self.prompts) % 3 == 0:
            return "As a language model, I cannot know."
        depth = asked(prompt)["model.max_depth"]
        lines = [{"round": n, "accuracy": 0.5 * n - 0.01 * depth} for n in (1, 2)]
        return "\n".join(["```", *map(json.dumps, lines), "```"])


class Useless:
    """Predicts what cannot be."""

    def complete(self, prompt: str) -> str:
        return json.dumps({"accuracy": 1.5})


class Mute:
    """Has no way to be asked."""


def asked(prompt: str) -> dict[str, Any]:
    """The hyperparameters that a prompt asks about."""
    found = re.search(r"^Hyperparameters\n(.*)$", prompt, re.MULTILINE)
    assert found is not None
    values: dict[str, Any] = json.loads(found[1])
    return values


@pytest.fixture(autouse=True)
def nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SQLML_ADVISOR", raising=False)
    ScriptedAdvisor.prompts.clear()


def trial(context: Any, number: int = 1, earlier: tuple[str, ...] = ()) -> TrialResult:
    names = ("sepal_length", "sepal_width", "petal_length", "petal_width")
    features = [default_feature(name, "DOUBLE") for name in names]
    outcome = context.run(
        "trial",
        number=number,
        search=SEARCH.to_json(),
        trials=2,
        parameters={"criterion": "entropy"},
        settings={"validation.split": 0.3},
        features={"": tuple(feature.to_json() for feature in features if feature)},
        label=("species",),
        rows="SELECT * FROM iris",
        earlier=earlier,
    )
    return TrialResult.from_text(outcome.outputs["trial"])


def test_the_best_predicted_training_is_really_tried(
    iris: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_ADVISOR", f"{__name__}:ScriptedAdvisor")
    first = trial(iris)
    prompts = list(ScriptedAdvisor.prompts)
    assert len(prompts) == 6
    depths = [asked(prompt)["model.max_depth"] for prompt in prompts]
    answered = [depth for place, depth in enumerate(depths, 1) if place % 3]
    assert first.values == {"model.max_depth": min(answered)}
    assert first.state == "complete"
    (note,) = iris.notes
    assert "trial 1: 2 of 6 predictions were of no use: no line of the answer tells" in note
    for told in (
        '"rows": 150', '"label": ["species"]', '["setosa", "versicolor", "virginica"]',
        '"petal_length": "double"', '"structure": {"criterion": "entropy"',
        '"model.max_depth": "RANGE(1, 30)"', "none yet",
    ):  # fmt: skip
        assert told in prompts[0], told
    again = trial(iris)
    assert [asked(p)["model.max_depth"] for p in ScriptedAdvisor.prompts[6:]] == depths
    assert again.score == first.score
    trial(iris, 2, (first.text(),))
    assert f'"accuracy": {first.score}' in ScriptedAdvisor.prompts[-1]
    assert [asked(p)["model.max_depth"] for p in ScriptedAdvisor.prompts[12:]] != depths


def test_without_an_advisor_that_helps_there_is_a_plain_search(
    iris: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trial(iris).values == suggest(SEARCH, (), 1).values
    assert iris.notes == ["no `advisor` is set: trials are chosen by what earlier ones have found"]
    monkeypatch.setenv("SQLML_ADVISOR", f"{__name__}:Useless")
    assert trial(iris).state == "complete"
    assert "6 of 6 predictions were of no use: `accuracy` cannot be 1.5" in iris.notes[-1]
    monkeypatch.setenv("SQLML_ADVISOR", "no-such-command-at-all --predict")
    assert trial(iris).state == "complete"
    assert "`no-such-command-at-all` gave no answer" in iris.notes[-1]


def test_a_command_reads_the_prompt_and_prints_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import sys; print(sys.stdin.read().upper())"
    monkeypatch.setenv("SQLML_ADVISOR", f"{sys.executable} -c '{script}'")
    found = advisor()
    assert found is not None
    assert found.complete("log") == "LOG\n"


@pytest.mark.parametrize("spelled", ["no.such.module:x", f"{__name__}:x", f"{__name__}:Mute"])
def test_an_advisor_that_is_none_is_no_result_of_a_trial(
    iris: Any, spelled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLML_ADVISOR", spelled)
    with pytest.raises(StepError) as caught:
        trial(iris)
    assert caught.value.diagnostics[0].code == "E0955"


@pytest.mark.parametrize(
    ("log", "metric", "told"),
    [
        ("", "accuracy", "no line"),
        ('{"accuracy": "high"}', "accuracy", "cannot be 'high'"),
        ('{"accuracy": NaN}', "accuracy", "cannot be nan"),
        ('{"log_loss": -0.1}', "log_loss", "cannot be -0.1"),
        ('{"accuracy": 0.9, "model.eta": 7}', "accuracy", "another `model.eta`"),
    ],
)
def test_answers_that_cannot_be_are_not_used(log: str, metric: str, told: str) -> None:
    with pytest.raises(NoAnswer, match=told):
        predicted_score(log, {"model.eta": 0.3}, metric)


def test_the_last_line_of_a_log_counts() -> None:
    log = 'Sure!\n{"round": 1, "r2": 0.2}\n [1]\n{"round": 2, "r2": 0.4, "model.eta": 0.3}\n'
    assert predicted_score(log, {"model.eta": 0.3}, "r2") == 0.4

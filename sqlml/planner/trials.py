"""The trials of a search as steps, in generations that know what those before them have found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlml.workflow import ir
from sqlml.workflow.serial import freeze
from sqlml.zoo.attributes import written
from sqlml.zoo.halving import Rung
from sqlml.zoo.search import Search


@dataclass(frozen=True, slots=True)
class Trials:
    """A search before a training, in so many trials."""

    search: Search
    number: int

    def steps(self, training: str) -> tuple[str, ...]:
        """The trials' names, from the training's."""
        return tuple(f"{training}-trial-{place}" for place in range(1, self.number + 1))

    def spaces(self) -> dict[str, str]:
        """What is searched for, as it was written; empty where estimators compete."""
        if len(self.search.candidates) > 1:
            return {}
        space = self.search.candidates[0].space
        short = {name: name.removeprefix("model.").removeprefix("train.") for name in space}
        return {short[name]: str(dimension) for name, dimension in space.items()}

    @property
    def manner(self) -> str:
        """How trials follow each other, where that is worth a word."""
        if self.search.halving is None:
            return ""
        rungs = self.search.halving.rungs
        name = self.search.halving.resource.removeprefix("train.")
        sizes, amounts = (", ".join(map(str, some)) for some in zip(*_shown(rungs), strict=True))
        return f" on rungs of {sizes} with {name} {amounts}"


def _shown(rungs: Sequence[Rung]) -> list[tuple[int, str]]:
    return [(rung.trials, written(rung.amount).removesuffix(".0")) for rung in rungs]


def with_trials(training: ir.Node, trials: Trials) -> tuple[ir.Node, ...]:
    """The steps of the trials, and the training, which takes the best values.

    A trial waits for all earlier generations and gets their results; it does not know of those
    beside it. So what is tried does not depend on how many can run at a time.
    """
    train = training.operation
    assert isinstance(train, ir.Train)
    names = trials.steps(training.name)
    nodes = []
    for place, name in enumerate(names):
        earlier = names[: trials.search.known(place + 1)]
        nodes.append(
            replace(
                training,
                name=name,
                operation=ir.Trial(
                    place + 1,
                    freeze(trials.search.to_json()),  # type: ignore[arg-type]
                    train.parameters,
                    train.settings,
                    train.features,
                    train.label,
                    trials.number,
                ),
                inputs={**training.inputs, **({"earlier": _results(earlier)} if earlier else {})},
                outputs=(ir.OutputDeclaration("trial", "parameter", train.into),),
            )
        )
    return (*nodes, replace(training, inputs={**training.inputs, "trials": _results(names)}))


def _results(names: Sequence[str]) -> ir.Outputs:
    return ir.Outputs(tuple(names), "trial")

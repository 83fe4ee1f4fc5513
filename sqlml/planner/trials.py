"""The trials of a search as steps, in generations that know what those before them have found."""

from collections.abc import Sequence
from dataclasses import replace

from sqlml.planner.plan import Trials
from sqlml.workflow import ir
from sqlml.workflow.serial import freeze


def with_trials(training: ir.Node, trials: Trials, names: Sequence[str]) -> tuple[ir.Node, ...]:
    """The steps of the trials, under their names, and the training, which takes the best values.

    A trial waits for all earlier generations and gets their results; it does not know of those
    beside it. So what is tried does not depend on how many can run at a time.
    """
    train = training.operation
    assert isinstance(train, ir.Train)
    size = trials.search.parallel
    nodes = []
    for place, name in enumerate(names):
        earlier = names[: place // size * size]
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

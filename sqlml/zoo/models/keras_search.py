"""AdaNet (Cortes et al. 2017): an ensemble that grows, network by network, while that pays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from sqlml.zoo.model import Batch, FitJob
from sqlml.zoo.models.class_weight import weighed_by_class
from sqlml.zoo.models.keras_estimator import KerasEstimator, load
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_library import begin, keras
from sqlml.zoo.models.keras_networks import (
    DNN_LEARNING_RATE,
    activated,
    deep,
    embedded,
    given_to,
    loss,
    metrics,
    optimizer,
    value_of,
)
from sqlml.zoo.models.keras_stream import Feed, Stream
from sqlml.zoo.models.keras_trainer import (
    as_it_is,
    background,
    count_outputs,
    other_layers,
    parts_of,
    targets_of,
)
from sqlml.zoo.models.keras_training import (
    Method,
    advance_by,
    batch_size,
    refuse_astray,
    several,
)
from sqlml.zoo.models.replay import Replay

LEAST_GAIN = 0.01  # share of the objective; what gains less does not pay
_MEMBER, _MIXTURE, _HIDDEN = "network_", "mixture", "hidden_"


class SearchTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> KerasEstimator:
        """Search for an ensemble, or for what an earlier one should have besides.

        Raises:
            StepError: E0232-E0234, the number of classes, the loss or the earlier model.
        """
        begin(job.seed, job.threads, anew=job.base is None)
        job = weighed_by_class(job)
        parts = parts_of(job)
        inputs, outputs = Inputs(parts, embedded(parts)), count_outputs(job)
        rows = Replay(job.train, as_it_is, job.folder)
        held = job.validation and Replay(job.validation, as_it_is, job.folder)
        search = _Search(job, inputs, outputs, rows, held)
        found = search.run(_earlier(job, inputs, outputs))
        return KerasEstimator(job.task, search.network(found), inputs, background(rows, job))

    def load(self, folder: Path) -> KerasEstimator:
        return load(folder)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """members: from inputs to what goes into the last activation. mixture: a weight of each."""

    members: tuple[Any, ...] = ()
    mixture: Any = None

    @property
    def depths(self) -> tuple[int, ...]:
        """How many hidden layers each member has."""
        return tuple(
            sum(layer.name.startswith(_HIDDEN) for layer in member.layers)
            for member in self.members
        )

    def grown(self, member: Any) -> "Ensemble":
        """With one member more; all count the same until they are weighed."""
        members = (*self.members, member)
        even = keras.initializers.Constant(1 / len(members))
        mixture = keras.layers.Dense(1, use_bias=False, kernel_initializer=even, name=_MIXTURE)
        mixture.build((None, None, len(members)))
        return Ensemble(members, mixture)

    def weighed(self, said: Sequence[Any]) -> Any:
        """The weighted sum of what the members say: shape (rows, outputs)."""
        return keras.ops.squeeze(self.mixture(keras.ops.stack(said, axis=-1)), axis=-1)

    def complexity(self) -> Any:
        """Σ |wᵢ| √depthᵢ: equation 4 of the paper, with the bound of a network in its layers."""
        costs = np.sqrt(np.array(self.depths, dtype=np.float32))
        return keras.ops.sum(keras.ops.abs(self.mixture.kernel[:, 0]) * costs)


@dataclass(frozen=True, slots=True)
class _Scored:
    """objective: the loss where it counts and what the complexity costs."""

    ensemble: Ensemble
    objective: float
    measured: Mapping[str, float]


class _Search:
    """rows: to train on. held: to compare ensembles on; without them it is done on all rows."""

    def __init__(
        self,
        job: FitJob,
        inputs: Inputs,
        outputs: int,
        rows: Iterable[Batch],
        held: Iterable[Batch] | None,
    ) -> None:
        self._job, self._inputs, self._outputs = job, inputs, outputs
        self._rows, self._held = rows, held
        self._given = given_to(inputs)
        self._loss, self._targets = loss(job, outputs), targets_of(job, outputs)
        self._penalty = float(value_of(job, "complexity_penalty"))

    def run(self, ensemble: Ensemble) -> Ensemble:
        """Add the best candidate, time and again, until none makes the objective better."""
        most = value_of(self._job, "max_iterations")
        best = self._scored(ensemble) if ensemble.members else None
        for iteration in range(1, most + 1):
            candidates = self._candidates(best.ensemble if best else ensemble)
            self._train(candidates, iteration)
            scored = [self._scored(one) for one in candidates]
            first = min(scored, key=lambda one: one.objective)
            pays = best is None or first.objective < best.objective * (1 - LEAST_GAIN)
            self._tell(iteration, scored, first if pays else None)
            if not pays:
                break
            best = first
            self._job.report(iteration, most, best.measured)
        assert best is not None, "there is at least one iteration"
        return best.ensemble

    def network(self, ensemble: Ensemble) -> Any:
        """All of it in one, as it is stored."""
        said = ensemble.weighed([member(self._given) for member in ensemble.members])
        return keras.Model(self._given, activated(self._job, said, self._outputs))

    def _candidates(self, ensemble: Ensemble) -> list[Ensemble]:
        """With one network as deep as the last, or with one that is a layer deeper."""
        depth = ensemble.depths[-1] if ensemble.members else 0
        return [ensemble.grown(self._member(ensemble, some)) for some in (depth, depth + 1)]

    def _member(self, ensemble: Ensemble, depth: int) -> Any:
        units = (value_of(self._job, "layer_size"),) * depth
        job = replace(self._job, parameters={**self._job.parameters, "hidden_units": units})
        values = deep(job, self._inputs, self._given, self._outputs)
        return keras.Model(self._given, values, name=f"{_MEMBER}{len(ensemble.members) + 1}")

    def _train(self, candidates: Sequence[Ensemble], iteration: int) -> None:
        """All candidates side by side: each network for itself, and the weights of all members.

        Members that are there already stay as they are.
        """
        job = self._job

        def say(inputs: Any, *, training: bool) -> list[tuple[Any, Any]]:
            """What each candidate's network says, and its ensemble."""
            kept = [member(inputs, training=False) for member in candidates[0].members[:-1]]
            pairs = []
            for one in candidates:
                own = one.members[-1](inputs, training=training)
                pairs.append((own, one.weighed([*kept, keras.ops.stop_gradient(own)])))
            return pairs

        def lose(targets: Any, said: Any, sample_weight: Any) -> Any:
            losses = [
                self._loss(targets, activated(job, values, self._outputs), sample_weight)
                for pair in said
                for values in pair
            ]
            return sum(losses) + self._penalty * sum(one.complexity() for one in candidates)

        variables = [
            variable
            for one in candidates
            for layer in (one.members[-1], one.mixture)
            for variable in layer.trainable_variables
        ]
        chosen = optimizer(job, {"Adagrad": DNN_LEARNING_RATE})
        method = Method(say, [(chosen, variables)], lose)
        self._run(method, f"iteration {iteration}")
        chosen.finalize_variable_values(variables)

    def _run(self, method: Method, name: str) -> None:
        """As many steps as were asked for, over as many epochs as that takes.

        Raises:
            StepError: E0233, the loss is no number any more.
        """
        job, size, steps = self._job, batch_size(self._job), self._steps
        stream = Stream(self._rows, self._inputs, self._targets, size, job.seed)
        method.reset()  # which makes what graphs cannot make
        for chosen, variables in method.optimizers:
            chosen.build(variables)
        with Feed(stream, self._outputs).epoch(again=True) as minibatches:
            advance_by(
                steps,
                several(method.train),
                minibatches,
                lambda done: job.advance(done, steps, f"steps of {name}"),
            )
        refuse_astray(method.measured()["loss"], name)

    @property
    def _steps(self) -> int:
        """How long candidates are trained."""
        steps = int(value_of(self._job, "search_every_n_steps"))
        epochs, rows = self._job.settings.get("epoch"), self._job.rows
        if not epochs or not rows:
            return steps
        return min(steps, int(str(epochs)) * ceil(rows / batch_size(self._job)))

    def _scored(self, ensemble: Ensemble) -> _Scored:
        measured = self._measure(ensemble, self._rows, "train")
        cost = self._penalty * float(ensemble.complexity())
        counting = "train"
        if self._held is not None:
            counting = "validation"
            measured |= self._measure(ensemble, self._held, counting)
        objective = measured[f"{counting}_loss"] + cost
        measured[f"{counting}_objective"] = objective
        measured["networks"] = float(len(ensemble.members))
        measured["hidden_layers"] = float(max(ensemble.depths))
        return _Scored(ensemble, objective, measured)

    def _measure(self, ensemble: Ensemble, rows: Iterable[Batch], prefix: str) -> dict[str, float]:
        """The loss and the metrics on some rows."""
        nothing = np.empty((0, 0), dtype=np.float32)
        fitted = KerasEstimator(self._job.task, self.network(ensemble), self._inputs, nothing)
        mean, others = keras.metrics.Mean(name="loss"), metrics(self._job, self._outputs)
        for batch in rows:
            said = fitted.outputs(batch.matrix).astype(np.float32)
            targets = self._targets(np.asarray(batch.label))
            mean.update_state(self._loss(targets, said, batch.weight), len(said))
            for metric in others:
                metric.update_state(targets, said, batch.weight)
        return {f"{prefix}_{one.name}": float(one.result()) for one in (mean, *others)}

    def _tell(self, iteration: int, scored: Sequence[_Scored], chosen: _Scored | None) -> None:
        tried = ", ".join(
            f"{_layers(one.ensemble.depths[-1])} {one.objective:.4g}" for one in scored
        )
        outcome = (
            "none makes the ensemble better"
            if chosen is None
            else f"{_layers(chosen.ensemble.depths[-1])} taken"
        )
        self._job.note(f"iteration {iteration}: {tried}; {outcome}")


def _layers(depth: int) -> str:
    return f"{depth or 'no'} hidden layer{'s' * (depth > 1)}"


def _earlier(job: FitJob, inputs: Inputs, outputs: int) -> Ensemble:
    """The ensemble to go on from; an empty one where there is none.

    Raises:
        StepError: E0234, it has other inputs or outputs.
    """
    if job.base is None:
        return Ensemble()
    if not isinstance(job.base, KerasEstimator) or job.base.inputs != inputs:
        raise other_layers()
    network = job.base.network
    if network.output_shape[-1] != outputs:
        raise other_layers()
    members = tuple(layer for layer in network.layers if layer.name.startswith(_MEMBER))
    return Ensemble(members, network.get_layer(_MIXTURE))

"""Deep embedded clustering (Xie, Girshick & Farhadi 2016): rows as short codes, in clusters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.model import Batch, FitJob, Part
from sqlml.zoo.models.keras_estimator import KerasEstimator, load
from sqlml.zoo.models.keras_inputs import Inputs
from sqlml.zoo.models.keras_library import begin, keras, tensorflow
from sqlml.zoo.models.keras_networks import embedded, given_to, told, value_of
from sqlml.zoo.models.keras_stream import Feed, Stream
from sqlml.zoo.models.keras_training import Method, Training, advance_by, several
from sqlml.zoo.models.replay import Replay

BATCH_SIZE = 256
STARTED_ROWS = 50_000  # that k-means looks at
STARTS = 20
MOMENTUM = 0.9


class ClusterTrainer:
    """See zoo.model.Trainer."""

    def fit(self, job: FitJob) -> KerasEstimator:
        """Train an autoencoder, then its code together with the centres.

        Raises:
            StepError: E0233 the loss is no number any more; E0533 fewer rows than clusters.
        """
        begin(job.seed, job.threads, anew=True)
        parts = job.parts or (Part(stop=job.train.width),)
        inputs = Inputs(parts, embedded(parts))
        rows = _Unlabelled(Replay(job.train, lambda matrix: matrix, job.folder))
        size = job.settings.get("batch_size") or BATCH_SIZE
        feed = Feed(Stream(rows, inputs, _zeros, int(str(size)), job.seed), 1)
        given = given_to(inputs)
        code, errors = _autoencoder(job, told(inputs, given))
        _pretrain(job, keras.Model(given, errors), feed)
        clusters = Clusters(value_of(job, "n_clusters"), name="clusters")
        said = keras.Model(given, clusters(code))
        clusters.centres.assign(_start(job, _estimator(keras.Model(given, code), inputs), rows))
        found = _estimator(said, inputs)
        _Refinement(job, found, rows, feed).run()
        return _estimator(_without_own_layers(given, said), inputs)

    def load(self, folder: Path) -> KerasEstimator:
        return load(folder)


@keras.saving.register_keras_serializable("sqlml")
class Clusters(keras.layers.Layer):  # type: ignore[misc]
    """How likely each code is in each cluster: Student's t around the centres, shape (rows, count).

    centres: shape (count, length of a code).
    """

    def __init__(self, count: int, **others: Any) -> None:
        super().__init__(**others)
        self.count = count

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.centres = self.add_weight(shape=(self.count, shape[-1]), name="centres")

    def call(self, codes: Any) -> Any:
        return _likely(keras.ops.expand_dims(codes, 1) - self.centres)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count}


@dataclass(frozen=True, slots=True)
class _Unlabelled:
    """Rows without a label, for what expects one."""

    rows: Iterable[Batch]

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.rows:
            yield replace(batch, label=np.zeros(batch.matrix.shape[0], dtype=np.float32))


class _Refinement:
    """Makes likely clusters likelier: towards the target distribution of the paper.

    The targets stand still between updates: a twin of the network, as it was at the last one, and
    the clusters' sizes then give those of each minibatch.
    """

    def __init__(
        self, job: FitJob, found: KerasEstimator, rows: Iterable[Batch], feed: Feed
    ) -> None:
        self._job, self._found, self._rows, self._feed = job, found, rows, feed
        self._twin = keras.models.clone_model(found.network)
        self._sizes = tensorflow.Variable(tensorflow.ones(value_of(job, "n_clusters")))

    def run(self) -> None:
        """Until the steps are over, or hardly a row changes its cluster."""
        job, network = self._job, self._found.network
        most, interval = value_of(job, "train_max_iters"), value_of(job, "update_interval")
        optimizer = _optimizer(value_of(job, "train_lr"))
        variables = network.trainable_variables
        method = Method(self._divergence, [(optimizer, variables)], _mean)
        optimizer.build(variables)
        method.reset()
        advance, clusters = several(method.train), self._update()
        with self._feed.epoch(again=True) as minibatches:
            for done in range(0, most, interval):
                advance_by(min(interval, most - done), advance, minibatches)
                before, clusters = clusters, self._update()
                changed = float(np.mean(before != clusters))
                measured = {"train_loss": method.measured()["loss"], "train_changed": changed}
                job.report(done // interval + 1, -(-most // interval), measured)
                method.reset()
                if changed <= value_of(job, "tol"):
                    break

    def _update(self) -> NDArray[np.int32]:
        """Let the targets be those of the network as it is; the cluster of each row."""
        self._twin.set_weights(self._found.network.get_weights())
        sizes, clusters = np.zeros(self._sizes.shape), []
        for batch in self._rows:
            likely = self._found.outputs(batch.matrix)
            sizes += likely.sum(axis=0)
            clusters.append(likely.argmax(axis=1).astype(np.int32))
        self._sizes.assign(sizes)
        return np.concatenate(clusters)

    def _divergence(self, inputs: Any, *, training: bool) -> Any:
        """Kullback & Leibler's, of each row's clusters from its targets: shape (rows, 1)."""
        ops = keras.ops
        targets = ops.square(self._twin(inputs, training=False)) / self._sizes
        targets = targets / ops.sum(targets, axis=1, keepdims=True)
        said = ops.maximum(self._found.network(inputs, training=training), 1e-7)
        gain = targets * ops.log(ops.maximum(targets, 1e-7) / said)
        return ops.sum(gain, axis=1, keepdims=True)


def _likely(apart: Any) -> Any:
    """Student's t. apart: codes from centres, shape (rows, count, length of a code)."""
    near = 1.0 / (1.0 + keras.ops.sum(keras.ops.square(apart), axis=2))
    return near / keras.ops.sum(near, axis=1, keepdims=True)


def _without_own_layers(given: Any, network: Any) -> Any:
    """What says the same and is of Keras' layers alone, so that Keras can load it by itself."""
    centres = network.get_layer("clusters").centres.numpy()
    apart = keras.layers.Dense(centres.size, name="clusters")
    values = apart(network.get_layer("code").output)
    apart.set_weights([np.tile(np.eye(centres.shape[1]), len(centres)), -centres.ravel()])
    return keras.Model(given, _likely(keras.layers.Reshape(centres.shape)(values)))


def _autoencoder(job: FitJob, values: Any) -> tuple[Any, Any]:
    """The code of each row, and how far the row made of it is off: shape (rows, 1)."""
    layers, sizes = keras.layers, value_of(job, "pretrain_dims")
    given, activation = values, value_of(job, "pretrain_activation_func")
    for number, size in enumerate(sizes[:-1], 1):
        values = layers.Dense(size, activation, name=f"encoder_{number}")(values)
    code = values = layers.Dense(sizes[-1], name="code")(values)
    for number, size in enumerate(reversed(sizes[:-1]), 1):
        values = layers.Dense(size, activation, name=f"decoder_{number}")(values)
    again = layers.Dense(given.shape[1], name="again")(values)
    return code, keras.ops.mean(keras.ops.square(again - given), axis=1, keepdims=True)


def _pretrain(job: FitJob, network: Any, feed: Feed) -> None:
    settings = {**job.settings, "epoch": value_of(job, "pretrain_epochs")}

    def report(done: int, total: int, _values: Mapping[str, float]) -> None:
        job.advance(done, total, "epochs of the autoencoder")

    optimizer = _optimizer(value_of(job, "pretrain_lr"))
    method = Method(network, [(optimizer, network.trainable_variables)], _mean)
    Training(method, replace(job, settings=settings, report=report), feed, None).run()


def _start(job: FitJob, codes: KerasEstimator, rows: Iterable[Batch]) -> NDArray[np.float64]:
    """The centres that k-means finds among the codes."""
    from sklearn.cluster import KMeans

    every = max(job.rows // STARTED_ROWS, 1)
    found = np.concatenate([codes.outputs(batch.matrix[::every]) for batch in rows])
    count = value_of(job, "n_clusters")
    if len(found) < count:
        raise StepError(
            Diagnostic(
                "E0533",
                f"there are {len(found)} rows to put into {count} clusters",
                hint="give more rows, or a smaller `model.n_clusters`",
                about="query",
            )
        )
    means = KMeans(count, n_init=STARTS, random_state=job.seed).fit(found)
    return np.asarray(means.cluster_centers_)


def _estimator(network: Any, inputs: Inputs) -> KerasEstimator:
    nothing = np.empty((0, max(part.stop for part in inputs.parts)), dtype=np.float32)
    return KerasEstimator("clustering", network, inputs, nothing)


def _optimizer(rate: float) -> Any:
    return keras.optimizers.SGD(float(rate), momentum=MOMENTUM, clipnorm=1.0)


def _mean(_targets: Any, said: Any, sample_weight: Any = None) -> Any:
    del sample_weight
    return keras.ops.mean(said)


def _zeros(label: NDArray[Any]) -> NDArray[np.float32]:
    return np.zeros((len(label), 1), dtype=np.float32)

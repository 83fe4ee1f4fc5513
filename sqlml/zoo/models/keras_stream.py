"""Batches of a dataset for Keras: shuffled by a seed, in bounded memory, read again each epoch."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sqlml.zoo.model import Batch
from sqlml.zoo.models.keras_inputs import Arrays, Inputs
from sqlml.zoo.models.keras_library import tensorflow

SHUFFLED_ROWS = 65_536  # that are kept back to be mixed with those that follow
SHUFFLED_CELLS = 2**24
CHUNK_ROWS = 2_048  # that go to TensorFlow at a time, which cuts them into minibatches
CHUNK_CELLS = 2**20
Chunk = tuple[Arrays, NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Stream:
    """Inputs, targets and weights of rows, in chunks that are to be cut into minibatches.

    batches: is iterated once per epoch. targets_of: what the network should say for these labels.
    size: of a minibatch. seed: of the order of rows; None leaves it as it is.
    """

    batches: Iterable[Batch]
    inputs: Inputs
    targets_of: Callable[[NDArray[Any]], NDArray[np.float32]]
    size: int
    seed: int | None = None

    def chunks(self, epoch: int) -> Iterator[Chunk]:
        """The rows of an epoch; only the last chunk is no multiple of the minibatches' size."""
        batches = iter(self.batches)
        if self.seed is not None:
            most = max(self.size, SHUFFLED_CELLS // self.inputs.cells)
            generator = np.random.default_rng((self.seed, epoch))
            batches = shuffled(batches, generator, min(SHUFFLED_ROWS, most))
        most = min(CHUNK_ROWS, CHUNK_CELLS // self.inputs.cells)
        step = self.size * max(most // self.size, 1)
        for batch in in_multiples(batches, self.size):
            rows = self.inputs.arranged(batch.matrix)
            assert batch.label is not None, "what is trained here has labels"
            targets = self.targets_of(batch.label)
            weights = np.ones(rows.count) if batch.weight is None else batch.weight
            for start in range(0, rows.count, step):
                part = slice(start, start + step)
                yield (
                    rows.cut(start, start + step),
                    targets[part],
                    np.asarray(weights[part], dtype=np.float32),
                )


class Feed:
    """A stream as a `tf.data.Dataset`: each iteration is another epoch, read ahead of need.

    TensorFlow tells of an error in the stream in words of its own; here it is raised as it was.
    arrange: what becomes of inputs, targets and weights of a minibatch.
    """

    def __init__(
        self,
        stream: Stream,
        outputs: int,
        arrange: Callable[[Any, Any, Any], Any] | None = None,
    ) -> None:
        self._stream = stream
        self._epoch = 0
        self._error: Exception | None = None
        spec = tensorflow.TensorSpec
        inputs = {
            name: spec((None, length), kind)
            for name, (length, kind) in stream.inputs.shapes().items()
        }
        chunks = tensorflow.data.Dataset.from_generator(
            self._generate,
            output_signature=(inputs, spec((None, outputs), "float32"), spec((None,), "float32")),
        )
        minibatches = chunks.prefetch(1).rebatch(stream.size)
        self.dataset = (minibatches.map(arrange) if arrange else minibatches).prefetch(2)

    @contextmanager
    def epoch(self, *, again: bool = False) -> Iterator[Any]:
        """An iterator over the minibatches of the next epoch, which TensorFlow may advance.

        again: and over those of all epochs after it, without an end.
        """
        with self.told():
            yield iter(self.dataset.repeat() if again else self.dataset)

    @contextmanager
    def told(self) -> Iterator[None]:
        """What is wrong with the rows that are read meanwhile is raised as it was."""
        try:
            yield
        except tensorflow.errors.OpError:
            if self._error is None:
                raise
            raise self._error from None

    def _generate(self) -> Iterator[Chunk]:
        epoch, self._epoch = self._epoch, self._epoch + 1
        try:
            yield from self._stream.chunks(epoch)
        except Exception as error:
            self._error = error
            raise


def shuffled(
    batches: Iterator[Batch], generator: np.random.Generator, kept: int
) -> Iterator[Batch]:
    """The rows in a random order, as far as `kept` rows at a time can be mixed."""
    waiting: Batch | None = None
    for batch in batches:
        mixed = batch if waiting is None else joined((waiting, batch))
        mixed = chosen(mixed, generator.permutation(mixed.matrix.shape[0]))
        ready = max(mixed.matrix.shape[0] - kept, 0)
        if ready:
            yield chosen(mixed, slice(ready))
        waiting = chosen(mixed, slice(ready, None))
    if waiting is not None:
        yield waiting


def in_multiples(batches: Iterable[Batch], size: int) -> Iterator[Batch]:
    """The same rows in batches whose length, but for the last, is a multiple of `size`."""
    rest: Batch | None = None
    for one in batches:
        batch = one if rest is None else joined((rest, one))
        whole = batch.matrix.shape[0] // size * size
        if whole:
            yield chosen(batch, slice(whole))
        rest = chosen(batch, slice(whole, None))
    if rest is not None and rest.matrix.shape[0]:
        yield rest


def joined(batches: tuple[Batch, ...]) -> Batch:
    """The rows of several batches in one."""
    matrices = [batch.matrix for batch in batches]
    if isinstance(matrices[0], np.ndarray):
        matrix = np.concatenate(matrices)
    else:
        from scipy import sparse

        matrix = sparse.vstack(matrices, format="csr")
    columns = ([getattr(b, name) for b in batches] for name in ("label", "weight", "group"))
    return Batch(matrix, *(None if c[0] is None else np.concatenate(c) for c in columns))


def chosen(batch: Batch, rows: NDArray[np.int64] | slice) -> Batch:
    """Some rows of a batch."""

    def of(column: Any) -> Any:
        return None if column is None else column[rows]

    return Batch(batch.matrix[rows], of(batch.label), of(batch.weight), of(batch.group))

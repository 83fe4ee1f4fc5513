"""Hashes that are the same on every machine and in every version."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_BASE = np.uint64(0x9E3779B97F4A7C15)


def hash_text(texts: pa.Array) -> Hashes:
    """A 64-bit hash of each text's UTF-8 bytes; NULL hashes as the empty text.

    The bytes (each plus one) are the coefficients of a polynomial at an odd base, modulo 2⁶⁴; the
    length is added and the bits are mixed. All texts are hashed at once.
    """
    texts = texts.cast(pa.large_binary())
    _validity, offset_buffer, data_buffer = texts.buffers()
    rows = slice(texts.offset, texts.offset + len(texts) + 1)
    offsets = np.frombuffer(offset_buffer, np.int64)[rows]
    lengths = np.diff(offsets)
    content = np.frombuffer(data_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    positions = np.arange(len(content)) - np.repeat(offsets[:-1] - offsets[0], lengths)
    powers = np.full(int(lengths.max(initial=0)) + 1, _BASE)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)  # overflow of uint64 arrays is modulo 2⁶⁴
    terms = (content.astype(np.uint64) + np.uint64(1)) * powers[positions]
    sums = np.zeros(len(content) + 1, dtype=np.uint64)
    np.cumsum(terms, out=sums[1:])
    ends = offsets - offsets[0]
    return mix(sums[ends[1:]] - sums[ends[:-1]] + lengths.astype(np.uint64))


def mix(numbers: Hashes) -> Hashes:
    """Spread each number over all 64 bits: the finalizer of SplitMix64 (Steele et al. 2014)."""
    mixed = numbers + _BASE
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def combine(first: Hashes, second: Hashes) -> Hashes:
    """A hash of two hashes in order."""
    return mix(first * np.uint64(31) + second)

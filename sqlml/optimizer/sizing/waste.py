"""What an allocation of memory costs, the attempts included that were killed for lack of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Use:
    """What steps have held, and what they are lifted to. Bytes and seconds; arrays of one shape.

    largest: the most that was seen of the type when the step began. request: the user's; 0
    where there is none.
    """

    peaks: Array
    seconds: Array
    largest: Array
    request: Array


def lifted(failed: float, largest: float, request: float) -> float:
    """The next allocation after one that was too small.

    The largest seen comes first, then the request, then the double (Tovar et al., "A Job Sizing
    Strategy for High-Throughput Scientific Workflows", IEEE TPDS 2018, retry with the largest
    seen; Witt et al., "Feedback-Based Resource Allocation for Batch Scheduling of Scientific
    Workflows", HPCS 2019, doubling).
    """
    return min((step for step in (largest, request) if step > failed), default=2 * failed)


def waste(allocated: Array, use: Use) -> tuple[Array, NDArray[np.bool_]]:
    """Byte-seconds wasted by each first allocation with all that follows, and which were too small.

    (allocated - used) x time, plus all that was allocated to attempts that were killed for memory;
    a killed attempt is taken to last as long as one that is not.
    """
    peaks, seconds, largest, request = (
        np.broadcast_to(each, allocated.shape)
        for each in (use.peaks, use.seconds, use.largest, use.request)
    )
    failed = allocated < peaks
    wasted = np.where(failed, allocated, allocated - peaks) * seconds
    left: Any = failed
    size, need, took = allocated[left], peaks[left], seconds[left]
    most, asked = largest[left], request[left]
    more = np.zeros_like(size)
    ends = np.zeros(size.shape, dtype=bool)
    while not ends.all():
        low, high = np.minimum(most, asked), np.maximum(most, asked)
        size = np.where(low > size, low, np.where(high > size, high, 2 * size))
        fits = size >= need
        more += np.where(ends, 0.0, np.where(fits, size - need, size) * took)
        ends |= fits
    wasted[left] += more
    return wasted, failed

"""The replay by which sizing is measured."""

from dataclasses import replace

import numpy as np

from benchmarks.histories import made_up
from benchmarks.sizing import replay


def test_sizing_is_never_told_what_comes_later() -> None:
    """The first steps' waste does not depend on what the later ones hold."""
    whole = next(iter(made_up(0)))
    half = range(len(whole.peaks) // 2)
    kinds = [f"{kind}'" if step not in half else kind for step, kind in enumerate(whole.kinds)]
    later = np.where(np.arange(len(whole.peaks)) < len(half), 1.0, 100.0)
    other = replace(whole, kinds=kinds, peaks=whole.peaks * later, sizes=whole.sizes / later)
    requests = replace(whole, kinds=kinds)  # what users ask for is known before
    first, second = replay(requests, half), replay(other, half)
    assert (first.ours, first.our_failures) == (second.ours, second.our_failures)
    assert first.ours < first.theirs

"""Starts a worker before a program is even parsed, so that it is ready when the first step is."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlml.runtime.workers.pool import Pool

_EXTENDED = re.compile(
    r"\bTO\s+(TRAIN|PREDICT|EVALUATE|EXPLAIN|CHECK|MAXIMIZE|MINIMIZE)\b", re.IGNORECASE
)
_WANTED = (
    (re.compile(r"\bTRAIN\s+(xgboost\.|XGB)", re.IGNORECASE), "sqlml.zoo.models.xgboost_trainer"),
    (
        re.compile(r"\bTRAIN\s+(lightgbm\.|LGBM)", re.IGNORECASE),
        "sqlml.zoo.models.lightgbm_trainer",
    ),
    (re.compile(r"\bTRAIN\b", re.IGNORECASE), "sqlml.zoo.steps.train"),
    (re.compile(r"\bM(AXI|INI)MIZE\b", re.IGNORECASE), "sqlml.zoo.steps.solve"),
    (re.compile(r"\bM(AXI|INI)MIZE\b", re.IGNORECASE), "highspy"),
)


@contextmanager
def started_ahead(texts: Iterable[str], threads: int | None = None) -> Iterator[Pool | None]:
    """A pool whose first worker imports what the program seems to need; None when it needs none.

    A guess from the text: a wrong one costs a process, and changes nothing else. TensorFlow is not
    among them: it takes so long that the rows are looked at first, which may not suit.
    """
    text = "\n".join(texts)
    if not _EXTENDED.search(text):
        yield None
        return
    pool = Pool(threads)
    try:
        pool.prewarm(*(module for pattern, module in _WANTED if pattern.search(text)))
        yield pool
    finally:
        pool.close()

"""What waiting costs while one writes: `python benchmarks/iterate.py [--seed N] [--json]`.

A program of ten statements is run, and then 20 times after an edit such as developers make: late
statements more often, attributes, a column more, a comment, a statement more, data that come in,
and steps back. Each time it is run as `sqlml run` does, and beside it, on data of its own, with
nothing reused. All tables must be the same, bit by bit. Seconds are wall time of the runs.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlml.session import Session

EDITS = 20
_LETTERS = "abcdefgh"

Edit = Callable[["Draft", random.Random], "Draft"]


@dataclass(frozen=True)
class Draft:
    """What of the program is edited. data: how often rows have come in."""

    least: int = 5
    depth: dict[str, int] = field(default_factory=lambda: {"m": 5, "n": 7})
    share: float = 0.5
    columns: int = 0
    comments: int = 0
    more: int = 0
    data: int = 0


def program(draft: Draft) -> str:
    """The ten statements, and those that were added."""
    extra = "".join(f", max(b) - {i} AS {_LETTERS[i % 8]}{i}" for i in range(draft.columns))
    train = (
        "SELECT * EXCLUDE (id) FROM train_rows TO TRAIN xgboost.gbtree WITH"
        " objective = 'binary:logistic', train.num_boost_round = 60, max_depth = {depth}"
        " LABEL label INTO {name};"
    )
    return "\n".join([
        *(f"-- note {i}" for i in range(draft.comments)),
        f"CREATE OR REPLACE TABLE clean AS SELECT * FROM events WHERE a + b > {draft.least} / 100;",
        "CREATE OR REPLACE TABLE groups AS SELECT g, avg(a) AS mean_a, count(*) AS n"
        " FROM clean GROUP BY g ORDER BY g;",
        "CREATE OR REPLACE TABLE train_rows AS SELECT c.id, a, b, c, d, mean_a, n, label"
        " FROM clean AS c JOIN groups USING (g) WHERE c.id % 5 > 0 ORDER BY c.id;",
        "CREATE OR REPLACE TABLE test_rows AS SELECT c.id, a, b, c, d, mean_a, n, label"
        " FROM clean AS c JOIN groups USING (g) WHERE c.id % 5 = 0 ORDER BY c.id;",
        *(train.format(name=name, depth=depth) for name, depth in draft.depth.items()),
        "SELECT * EXCLUDE (label) FROM test_rows TO PREDICT said_m.p USING m;",
        "SELECT * EXCLUDE (label) FROM test_rows TO PREDICT said_n.p USING n;",
        "CREATE OR REPLACE TABLE joined AS SELECT id, m.p AS p_m, n.p AS p_n, m.a, m.b"
        f" FROM said_m AS m JOIN said_n AS n USING (id) WHERE m.b < {draft.share} + 1 ORDER BY id;",
        f"CREATE OR REPLACE TABLE report AS SELECT p_m, p_n, count(*) AS n{extra}"
        " FROM joined GROUP BY ALL ORDER BY ALL;",
        *(
            f"CREATE OR REPLACE TABLE more_{i} AS SELECT p_m, sum(n) + {i} AS n FROM report"
            " GROUP BY ALL ORDER BY ALL;"
            for i in range(draft.more)
        ),
    ])  # fmt: skip


def deeper(draft: Draft, draw: random.Random) -> Draft:
    name = draw.choice("mn")
    return replace(draft, depth={**draft.depth, name: draft.depth[name] % 8 + 1})


# The edits and how often each is made; a step back is made of those before it.
KINDS: dict[str, tuple[float, Edit]] = {
    "filter of the first": (1, lambda d, _draw: replace(d, least=d.least + 1)),
    "attribute of a training": (5, deeper),
    "filter of a late one": (3, lambda d, _draw: replace(d, share=d.share - 0.05)),
    "column more": (4, lambda d, _draw: replace(d, columns=d.columns + 1)),
    "comment": (3, lambda d, _draw: replace(d, comments=d.comments + 1)),
    "statement more": (2, lambda d, _draw: replace(d, more=d.more + 1)),
    "data come in": (1, lambda d, _draw: replace(d, data=d.data + 1)),
}
_BACK = 0.15


def edits(draw: random.Random) -> list[tuple[str, Draft]]:
    """What is edited, and the draft after it; the first is the program as it is begun."""
    made = [("first run", Draft())]
    kinds, weights = [*KINDS], [weight for weight, _ in KINDS.values()]
    while len(made) <= EDITS:
        last = made[-1][1]
        if len(made) > 1 and draw.random() < _BACK:
            made.append(("step back", replace(made[-2][1], data=last.data)))
            continue
        (kind,) = draw.choices(kinds, weights)
        made.append((kind, KINDS[kind][1](last, draw)))
    return made


class Desk:
    """A database, and a program that is run on it again and again."""

    def __init__(self, folder: Path, rows: int, *, reuse: bool) -> None:
        self._db = str(folder / "x.duckdb")
        self._rows = rows
        self._reuse = reuse
        self._data = -1

    def run(self, draft: Draft) -> float:
        """Seconds of a run, with the data as the draft has them."""
        with Session.open(db=self._db, reuse=self._reuse) as session:
            while self._data < draft.data:
                self._data += 1
                session.database.execute(incoming(self._rows, self._data))
        began = time.perf_counter()
        with Session.open(db=self._db, reuse=self._reuse) as session:
            session.run(program(draft))
        return time.perf_counter() - began

    def left(self, draft: Draft) -> dict[str, list[object]]:
        """The rows of all tables, in their order."""
        more = [f"more_{i}" for i in range(draft.more)]
        names = [
            "clean",
            "groups",
            "train_rows",
            "test_rows",
            "said_m",
            "said_n",
            "joined",
            "report",
        ]
        with Session.open(db=self._db) as session:
            return {
                name: session.database.table(f"FROM {name}").to_batches()
                for name in (*names, *more)
            }


def incoming(rows: int, turn: int) -> str:
    """The statement that makes the table, or adds a tenth to it."""
    first, count = (0, rows) if not turn else (rows + (turn - 1) * rows // 10, rows // 10)
    drawn = ", ".join(
        f"(hash(i * 7 + {seed}) % 1000) / 1000.0 AS {name}" for seed, name in enumerate("abcd")
    )
    query = (
        f"SELECT i AS id, hash(i) % 50 AS g, {drawn}, (a * 2 + b * c > 1.3 + d / 5)::INT AS label"
        f" FROM range({first}, {first + count}) AS r(i)"
    )
    return f"INSERT INTO events {query}" if turn else f"CREATE TABLE events AS {query}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    turns = []
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as all_of_it:
        desk = Desk(Path(ours), asked.rows, reuse=True)
        reference = Desk(Path(all_of_it), asked.rows, reuse=False)
        for kind, draft in edits(random.Random(asked.seed)):
            seconds, whole = desk.run(draft), reference.run(draft)
            is_equal = desk.left(draft) == reference.left(draft)
            turns.append({"edit": kind, "seconds": seconds, "whole": whole, "equal": is_equal})
            if not asked.json:
                said = "" if is_equal else "  NOT EQUAL"
                print(f"  {kind:<26} {seconds:7.2f} s of {whole:6.2f} s{said}", flush=True)
    edited = turns[1:]
    seconds, whole = (sum(turn[name] for turn in edited) for name in ("seconds", "whole"))
    told = {
        "seconds": seconds,
        "whole": whole,
        "ratio": seconds / whole,
        "equal": all(turn["equal"] for turn in turns),
        "turns": turns,
    }
    if asked.json:
        print(json.dumps(told))
        return
    print(f"{len(edited)} edits: {seconds:.1f} s of {whole:.1f} s, ratio {told['ratio']:.2f}"
          f" (target 0.35); tables {'' if told['equal'] else 'NOT '}equal")  # fmt: skip


if __name__ == "__main__":
    main()

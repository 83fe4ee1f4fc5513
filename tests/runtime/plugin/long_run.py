"""A driver to interrupt: `long_run.py DATABASE SIGN KIND` runs a long step of that kind."""

import sys
from dataclasses import make_dataclass

from sqlml.databases.duckdb import DuckDB
from sqlml.runtime import local
from sqlml.store.store import Store
from sqlml.workflow.ir import After, Node, Query, Relation, Workflow

ROWS = Relation("SELECT * FROM t", stable=True)
ENDLESS = "CREATE OR REPLACE TABLE t AS SELECT sum(a.a * b.a) AS a FROM t a, t b, t c"


def nodes(kind: str, sign: str) -> tuple[Node, ...]:
    nap = make_dataclass("Nap", ["seconds", "touch"])(60, sign)
    crawl = make_dataclass("Crawl", ["column", "touch", "into"])("a", sign, "t")
    later = make_dataclass("Nap", ["seconds"])(0)
    return {
        "nap": (Node("first", nap), Node("later", later, after=(After("first"),))),
        "crawl": (Node("first", crawl, {"rows": ROWS}),),
        "query": (Node("beside", nap), Node("first", Query(ENDLESS))),
    }[kind]


def main(path: str, sign: str, kind: str) -> int:
    database = DuckDB.open(path)
    store = Store.open(f"{path}.sqlml")
    report = local.run(Workflow(kind, nodes(kind, sign)), database, store, threads=2)
    store.close()
    database.close()
    sys.stdout.write(
        " ".join([report.outcome, *(f"{n}:{s.status}" for n, s in report.steps.items())])
    )
    return 130 if report.outcome == "interrupted" else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

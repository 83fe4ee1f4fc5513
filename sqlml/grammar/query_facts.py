"""What the planner wants to know about a piece of SQL."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """What a statement does, as far as its text tells.

    kind: `select` for every query; else `create`, `insert`, `drop`, `copy`, `show`, `describe` …
    parsed: sqlglot understood it; if not, the rest is careful and `reads` is a guess.
    reads, writes: tables and views as they are written, without quotes, each once, in order of
        appearance. Names of CTEs and of table functions are left out.
    creates: what CREATE creates, as `table` or `view`; else empty.
    files: paths and patterns of the files that are read.
    models: those whose functions views call that are read, as `name` or `name@version`.
    stable: executing it twice gives the same rows in the same order, if its table is no view.
    deterministic: its rows depend on its tables and files alone.
    session: it changes the state of a connection (SET, BEGIN, TEMP tables, ATTACH, PREPARE …).
    repeatable: it may be skipped when its inputs and outputs are as it left them: CREATE TABLE or
        VIEW … AS a deterministic query.
    returns_rows: it may give a result set.
    barrier: it reads or changes more than tables (the catalog, schemas, macros, written files) or
        is not understood. What stands before it must run before it, what stands after it after it.
    """

    kind: str
    parsed: bool = True
    creates: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    stable: bool = False
    deterministic: bool = False
    session: bool = False
    repeatable: bool = False
    returns_rows: bool = False
    barrier: bool = False

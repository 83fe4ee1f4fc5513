"""What is known of the transaction that is open on a connection."""

from dataclasses import dataclass


@dataclass(slots=True)
class Transaction:
    """begun_by: the statement; empty where the connection itself has begun it. version: what names
    stood for then, as `Client.version` counts it.

    is_bound: no program can run before its end, for it has changed something, or may only read.
    has_defined: names may stand for something else once it ends.
    """

    begun_by: str
    version: object
    is_bound: bool
    has_defined: bool = False

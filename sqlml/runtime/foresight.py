"""What a transaction will call: it sees no function of a model that comes after it has begun."""

from collections.abc import Iterable

from sqlml.grammar.model_functions import mentioned, pinned
from sqlml.optimizer.effects import queries
from sqlml.store.store import Store
from sqlml.workflow.ir import Node
from sqlml.workflow.transactions import transactions


class Foresight:
    """Of a run's steps, by the one that begins their transaction."""

    def __init__(self, nodes: Iterable[Node], store: Store) -> None:
        self._models = store.models
        self._queries = {
            first.name: [query.sql for node in others for query in queries(node)]
            for first, *others in transactions(tuple(nodes))
        }

    def behind(self, step: str) -> str:
        """The queries of the transaction that a step begins, with models as they are now."""
        sql = "\n".join(self._queries.get(step, ()))
        found = [self._models.find(function.model) for function in mentioned(sql)]
        return pinned(sql, [version.reference for version in found if version is not None])

"""The matrix of models that see rows of numbers."""

from collections.abc import Iterator, Sequence

from sqlml.codegen.python.features.block import Block
from sqlml.codegen.python.layout import literal
from sqlml.codegen.python.model import Model


class Tabular:
    """How the input of most families is written; see model.Family."""

    def matrix(self, model: Model) -> Iterator[str]:
        head, *rest = columns(model.features, literal(model.known.dtype), sparse=model.known.sparse)
        yield f"return {head}"
        yield from rest


def columns(blocks: Sequence[Block], dtype: str, *, sparse: bool) -> Iterator[str]:
    """One matrix of some blocks, as an expression. sparse: it may be."""
    if any(block.is_sparse for block in blocks):
        head, tail = "joined(" if sparse else "densely(", ")"
        texts = [dtype, *(block.text for block in blocks)]
    else:
        head, tail = "np.column_stack([", f"]).astype({dtype})"
        texts = [block.text for block in blocks]
    yield head
    yield from (f"    {text}," for text in texts)
    yield tail

"""Models of segments in a plain script: one for each value of some columns."""

from sqlml.codegen.python.layout import call, literal
from sqlml.codegen.python.model import Model


def by_segment(model: Model) -> str:
    """What the models of the segments say about `rows`, as an Arrow array."""
    return call("predict_segments", model.name, "rows", literal(list(model.partition)))

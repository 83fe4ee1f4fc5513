"""Networks on graphs: their names and attributes, known without loading a library."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sqlml.zoo.attributes import Attribute, Dictionary, Value
from sqlml.zoo.library import NUMPY, SCIPY
from sqlml.zoo.model import ModelType
from sqlml.zoo.models.dictionaries.booster_attributes import integer, number
from sqlml.zoo.models.named_family import NamedFamily
from sqlml.zoo.remarks import Remark, without_effect
from sqlml.zoo.settings import TRAIN

GCN = "graph.GCN"
COLUMNS = ("id_col", "from_node_col", "to_node_col")


def _column(name: str, default: str, doc: str) -> Attribute:
    return Attribute(name, ("text",), default, doc)


PARAMETERS = Dictionary(
    (
        integer("nhid", 16, 1, "Units of a hidden layer."),
        integer("nlayer", 2, 1, "Layers: how many edges away a node looks."),
        integer("epochs", 200, 1, "Steps of training, each on the whole graph."),
        number("learning_rate", 0.01, 0, "Size of a step (Adam).", above=True),
        number("dropout", 0.5, 0, "Share of inputs left out in a step.", maximum=1, below=True),
        number("weight_decay", 5e-4, 0, "L2 regularization of the first layer."),
        number(
            "train_ratio",
            0.2,
            0,
            "Share of the nodes whose class is learnt from.",
            maximum=1,
            above=True,
        ),
        number(
            "eval_ratio",
            0.2,
            0,
            "Share of the nodes that tell the best epoch.",
            maximum=1,
            below=True,
        ),
        integer("nclass", None, 2, "Number of classes; counted in the label."),
        _column("id_col", "id", "The column with a node's number."),
        _column("from_node_col", "from_node_id", "The column where an edge begins; NULL: none."),
        _column("to_node_col", "to_node_id", "The column where an edge ends."),
        _column("feature_col", "features", "Accepted for older programs; COLUMN names features."),
    )
)

_UNUSED = "`model.epochs` says how long training goes on"
NO_EFFECT = {
    "train.epoch": _UNUSED,
    "train.batch_size": "every step takes the whole graph",
    "model.feature_col": "COLUMN names the features",
}


def remarks(_model: ModelType, given: Mapping[str, Value]) -> Iterable[Remark]:
    """What has no effect, and shares of the nodes that are more than all."""
    yield from without_effect(NO_EFFECT, given)
    shares = [
        given.get(f"model.{name}", PARAMETERS[name].default)
        for name in ("train_ratio", "eval_ratio")
    ]
    if sum(share for share in shares if isinstance(share, int | float)) > 1:
        name = next(n for n in ("eval_ratio", "train_ratio") if f"model.{n}" in given)
        yield Remark(
            f"model.{name}",
            "`model.train_ratio` and `model.eval_ratio` are together more than all nodes",
            "leave some nodes to neither, such as 0.2 and 0.2",
        )


def _settings() -> Dictionary:
    accepted = "Accepted for older programs; it changes nothing."
    unused = (replace(TRAIN[name], doc=accepted) for name in ("epoch", "batch_size"))
    return TRAIN.only("seed").merge(Dictionary(unused))


FAMILY = NamedFamily(
    (
        ModelType(
            name=GCN,
            family="graph",
            libraries=(SCIPY, NUMPY),
            task="classification",
            parameters=PARAMETERS,
            settings=_settings(),
            trainer="sqlml.zoo.models.graph_trainer:GraphTrainer",
            categories="onehot",
            missing=True,
            unit="epochs",
            doc="Graph convolution: classes of nodes from their features and neighbours.",
        ),
    ),
    prefixes=("sqlflow_models",),
    remarks=remarks,
)

"""The TensorFlow family: neural networks and linear models in Keras, known without loading it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec

from sqlml.errors import Diagnostic
from sqlml.zoo.attributes import Attribute, Dictionary, Value
from sqlml.zoo.library import KERAS, SKLEARN, TENSORFLOW
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.models.dictionaries import keras_further as further
from sqlml.zoo.models.dictionaries import keras_parameters as known
from sqlml.zoo.models.dictionaries.keras_optimizers import OPTIMIZERS, every_attribute

# What may stand before a model's own name.
PREFIXES = (
    *("", "keras.", "sqlflow_models.", "tensorflow.", "tensorflow.estimator."),
    *("tensorflow.keras.", "tf.", "tf.estimator.", "tf.keras."),
)
TRAINER = "sqlml.zoo.models.keras_trainer:KerasTrainer"
LINEAR, DEEP = "linear_feature_columns", "dnn_feature_columns"
_LOSS_OF = {"gamma": "focal", "alpha": "focal", "delta": "huber"}


@dataclass(frozen=True)
class KerasFamily:
    """See zoo.model.Family and ChecksParameters."""

    models: tuple[ModelType, ...]

    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    def find(self, name: str) -> ModelType | None:
        return self._spellings.get(name.casefold())

    def task(self, model: ModelType, parameters: Mapping[str, Value]) -> Task | None:
        return model.task

    def check(self, model: ModelType, parameters: Mapping[str, Value]) -> Iterator[Diagnostic]:
        if not is_installed():
            yield not_installed(model.name)
        for name in parameters:
            namespace, dot, rest = name.partition(".")
            if dot and namespace.endswith("optimizer"):
                yield from _check_optimizer(model, parameters, namespace, rest)
            elif dot and namespace == "loss":
                yield from _check_loss(model, parameters, rest)

    @cached_property
    def _spellings(self) -> Mapping[str, ModelType]:
        return {
            f"{prefix}{model.name.removeprefix('keras.')}".casefold(): model
            for model in self.models
            for prefix in PREFIXES
        }


def is_installed() -> bool:
    return find_spec("tensorflow") is not None and find_spec("keras") is not None


def not_installed(model: str) -> Diagnostic:
    return Diagnostic(
        "E0230",
        f"`{model}` needs TensorFlow, which is not installed",
        hint='pip install "sqlml[tensorflow]"',
        about="model",
    )


def chosen(model: ModelType, parameters: Mapping[str, Value], name: str) -> str:
    """The value of a parameter with choices, such as `optimizer`."""
    return str(parameters.get(name) or model.parameters[name].default)


def _check_optimizer(
    model: ModelType, parameters: Mapping[str, Value], namespace: str, name: str
) -> Iterator[Diagnostic]:
    optimizer = chosen(model, parameters, namespace)
    if name not in OPTIMIZERS[optimizer]:
        having = [other for other, known_ in OPTIMIZERS.items() if name in known_]
        yield Diagnostic(
            "E0231",
            f"{optimizer} has no `{name}`",
            hint=f"leave it out, or write `model.{namespace} = {having[0]}`",
            about=f"attribute {namespace}.{name}",
        )


def _check_loss(
    model: ModelType, parameters: Mapping[str, Value], name: str
) -> Iterator[Diagnostic]:
    loss, needed = chosen(model, parameters, "loss"), _LOSS_OF.get(name)
    if needed not in (None, loss):
        yield Diagnostic(
            "E0231",
            f"the loss `{loss}` has no `{name}`",
            hint=f"leave it out, or write `model.loss = {needed}`",
            about=f"attribute loss.{name}",
        )


def _model(
    name: str,
    task: Task,
    doc: str,
    *parameters: Attribute,
    inputs: tuple[str, ...] = (),
    embeds: bool = True,
    sequential: bool = False,
    text_lists: bool = False,
    training: Dictionary = known.TRAINING,
    trainer: str = TRAINER,
    unit: str = "epochs",
) -> ModelType:
    """A model with the parameters that all have, and those given."""
    classes = task == "classification"
    shared = (
        (known.CLASSES, known.classification_loss(), known.LABEL_VOCABULARY)
        if classes
        else (known.regression_loss(), known.LABELS)
    )
    own = Dictionary(parameters)
    optimizers = {name: every_attribute() for name in own if name.endswith("optimizer")}
    losses = known.CLASSIFICATION_LOSS if classes else known.REGRESSION_LOSS
    return ModelType(
        name=f"keras.{name}",
        family="keras",
        libraries=(KERAS, TENSORFLOW),
        task=task,
        parameters=own.merge(Dictionary((*shared, known.WEIGHT_COLUMN, *known.OF_ESTIMATORS))),
        settings=training.merge(known.CLASS_WEIGHT) if classes else training,
        trainer=trainer,
        sparse=True,
        multilabel=not classes,
        text_lists=text_lists,
        inputs=inputs,
        embeds=embeds,
        sequential=sequential,
        dtype="float32",
        doc=doc,
        namespaces={**optimizers, "loss": losses, "validation": known.VALIDATION},
        unit=unit,
    )


def _search(name: str, task: Task, doc: str) -> ModelType:
    return _model(
        name,
        task,
        doc,
        *further.SEARCH,
        known.optimizer("Adagrad"),
        training=further.SEARCH_TRAINING,
        trainer="sqlml.zoo.models.keras_search:SearchTrainer",
        unit="iterations",
    )


_HIDDEN = (*known.HIDDEN_LAYERS.values(), known.optimizer("Adagrad"))
_LINEAR = (known.optimizer("Ftrl"), known.sparse_combiner())
_BOTH = (
    *(replace(a, name=f"dnn_{a.name}", aliases=(a.name,)) for a in known.HIDDEN_LAYERS.values()),
    known.optimizer("Adagrad", "dnn_optimizer"),
    known.optimizer("Ftrl", "linear_optimizer"),
    known.sparse_combiner("linear_sparse_combiner"),
)

FAMILY = KerasFamily(
    (
        _model("DNNClassifier", "classification", "A neural network for classes.", *_HIDDEN),
        _model("DNNRegressor", "regression", "A neural network for numbers.", *_HIDDEN),
        _model("LinearClassifier", "classification", "A linear model for classes.", *_LINEAR),
        _model("LinearRegressor", "regression", "A linear model for numbers.", *_LINEAR),
        _model(
            "DNNLinearCombinedClassifier",
            "classification",
            "A linear model and a neural network together, for classes.",
            *_BOTH,
            inputs=(LINEAR, DEEP),
        ),
        _model(
            "DNNLinearCombinedRegressor",
            "regression",
            "A linear model and a neural network together, for numbers.",
            *_BOTH,
            inputs=(LINEAR, DEEP),
        ),
        _model(
            "StackedRNNClassifier",
            "classification",
            "Recurrent layers over sequences of ids, for classes.",
            *further.SEQUENCE_CLASSES,
            known.optimizer("Adam"),
            sequential=True,
        ),
        _model(
            "StackedBiLSTMClassifier",
            "classification",
            "StackedRNNClassifier with other defaults: LSTM layers that read both ways.",
            *further.BOTH_WAYS,
            known.optimizer("Adam"),
            sequential=True,
        ),
        _model(
            "RNNBasedTimeSeriesModel",
            "regression",
            "Recurrent layers over the last values of a series, for the next ones.",
            *further.SERIES,
            known.optimizer("Adam"),
            embeds=False,
            text_lists=True,
        ),
        _model(
            "LSTMBasedTimeSeriesModel",
            "regression",
            "RNNBasedTimeSeriesModel with another default: LSTM layers.",
            *further.LSTM_SERIES,
            known.optimizer("Adam"),
            embeds=False,
            text_lists=True,
        ),
        _model(
            "dnnclassifier_functional_model",
            "classification",
            "A neural network for classes whose layers have a default, as SQLFlow's example.",
            *further.FUNCTIONAL,
            known.optimizer("Adagrad"),
        ),
        _search(
            "AutoClassifier",
            "classification",
            "An ensemble that a search for layers makes, for classes (AdaNet, Cortes et al. 2017).",
        ),
        _search(
            "AutoRegressor",
            "regression",
            "An ensemble that a search for layers makes, for numbers (AdaNet).",
        ),
        ModelType(
            name="keras.DeepEmbeddingClusterModel",
            family="keras",
            libraries=(KERAS, TENSORFLOW, SKLEARN),
            task="clustering",
            parameters=Dictionary(further.CLUSTERS),
            settings=further.CLUSTERS_TRAINING,
            trainer="sqlml.zoo.models.keras_clusters:ClusterTrainer",
            sparse=True,
            embeds=True,
            dtype="float32",
            doc="An autoencoder whose code is made to fall into clusters (Xie et al. 2016).",
            unit="updates",
        ),
    )
)

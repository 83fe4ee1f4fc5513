"""The users' own models: classes with `fit` and `predict`, and Keras models, in a zoo folder."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlml.zoo.attributes import Dictionary, Value
from sqlml.zoo.library import KERAS, TENSORFLOW
from sqlml.zoo.model import ModelType, Task
from sqlml.zoo.models import custom_image, custom_source
from sqlml.zoo.settings import TRAIN

TRAINER = "sqlml.zoo.models.custom_trainer:CustomTrainer"


@dataclass(frozen=True)
class CustomFamily:
    """See zoo.model.Family. Names are `module.Class`, as Python spells them."""

    def names(self) -> tuple[str, ...]:
        return custom_source.names()

    def find(self, name: str) -> ModelType | None:
        found = custom_image.find(name)
        if found is None:
            return None
        settings = ["seed"] + ["weight"] * found.is_weighted
        settings += ["epoch", "batch_size", "max_steps"] * found.is_network
        return ModelType(
            found.full_name,
            "custom",
            found.task,
            Dictionary(found.parameters),
            TRAIN.only(*settings),
            TRAINER,
            dtype="float32" if found.is_network else "float64",
            doc=found.doc,
            unit="epochs" if found.is_network else "rounds",
            revision=found.digest,
            libraries=(*found.libraries, KERAS, TENSORFLOW)
            if found.is_network
            else found.libraries,
        )

    def task(self, model: ModelType, parameters: Mapping[str, Value]) -> Task | None:
        return model.task


FAMILY = CustomFamily()

"""Whether training can go on from an earlier model."""

from typing import Any

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle, Manifest
from sqlml.zoo.label import Label
from sqlml.zoo.model import ModelType


def refuse_other_model(before: Manifest, model: ModelType, base: str) -> None:
    """Check that the earlier model is of the same kind.

    Raises:
        StepError: it is not.
    """
    if before.estimator != model.name:
        raise _problem(
            f"`{base}` is a {before.estimator}, which cannot go on as {model.name}",
            f"write `TO TRAIN {before.estimator}`, or train without USING",
        )


def refuse_other_shape(
    previous: Bundle, features: Any, labels: tuple[Label, ...], base: str
) -> None:
    """Check that features and labels are those that the earlier model was trained on.

    Raises:
        StepError: they are not.
    """
    if previous.pipeline.features != features:
        raise _problem(
            f"`{base}` was trained on other features",
            "use the COLUMN clause and the columns that it was trained with",
        )
    kinds = [label.kind for label in previous.manifest.labels]
    if kinds != [label.kind for label in labels]:
        trained = ", ".join(f"{label.name} {label.type}" for label in previous.manifest.labels)
        raise _problem(
            f"`{base}` was trained on another label: {trained}",
            "use that label, or train without USING",
        )


def _problem(message: str, hint: str) -> StepError:
    return StepError(Diagnostic("E0408", message, hint=hint, about="using"))

"""Whether training can go on from an earlier model."""

from collections.abc import Iterable, Sequence

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.bundle import Bundle, Manifest
from sqlml.zoo.features.contract import Feature
from sqlml.zoo.label import Label
from sqlml.zoo.model import ModelType

Shape = tuple[str, tuple[str, ...], str]
_LEARNT_FROM_TEXT = ("VOCABULARY", "DENSE")
_SAME_LABELS = (
    frozenset({"integer", "float", "decimal"}),
    frozenset({"text", "list"}),  # both may list numbers
)


def refuse_other_model(before: Manifest, model: ModelType, partition: Sequence[str]) -> None:
    """Check that the earlier model is of the same kind, with segments by the same columns.

    Raises:
        StepError: it is not.
    """
    columns = [one["name"] for one in before.partition_by]
    if problem := other_segments(before.name, columns, partition):
        raise StepError(problem)
    if before.estimator != model.name:
        raise _problem(
            f"`{before.name}` is a {before.estimator}, which cannot go on as {model.name}",
            f"write `TO TRAIN {before.estimator}`, or train without USING",
        )


def other_segments(name: str, before: Sequence[str], now: Sequence[str]) -> Diagnostic | None:
    """What is wrong where an earlier model has other segments than are asked for, if it has.

    before and now: the columns that tell segments, in order; none for a single model.
    """
    if [column.casefold() for column in before] == [column.casefold() for column in now]:
        return None
    if not before:
        message = f"`{name}` has no segments to go on with"
        hint = "leave `train.partition_by` out, or leave USING out"
    else:
        message = f"`{name}` is a model per segment, which goes on by the same segments only"
        listed = ", ".join(before)
        hint = f"add `train.partition_by = {listed if len(before) == 1 else f'[{listed}]'}`"
    return Diagnostic("E0578", message, hint=hint, about="using")


def refuse_other_features(previous: Bundle, features: Sequence[Feature]) -> None:
    """Check that features are made as in the earlier model.

    Raises:
        StepError: they are not.
    """
    before = {shape_of(feature) for feature in previous.pipeline.features}
    now = {shape_of(feature) for feature in features}
    if before != now:
        raise StepError(other_features(previous.manifest.name, {s[-1] for s in before ^ now}))


def other_features(name: str, different: Iterable[str]) -> Diagnostic:
    """That an earlier model was trained on other features, which are `different` ones."""
    listed = ", ".join(f"`{label}`" for label in sorted(different))
    return Diagnostic(
        "E0408",
        f"`{name}` was trained on other features; they differ in {listed}",
        hint="use the COLUMN clause and the columns that it was trained with",
        about="using",
    )


def other_labels(name: str, before: Sequence[Label], now: Sequence[Label]) -> Diagnostic | None:
    """What is wrong where an earlier model learnt from labels of other types, if it did."""
    if len(before) != len(now):
        message = f"`{name}` learnt from {_names(before)}, and not from {_names(now)}"
        return Diagnostic("E0408", message, hint="name the same labels", about="using")
    for old, new in zip(before, now, strict=True):
        if old.type and new.type and not _same_kind(old, new):
            return Diagnostic(
                "E0408",
                f"label `{new.name}` is of type {new.type}; `{name}` learnt from {old.type}",
                hint=f"cast it in the query: `{new.identifier}::{old.type}`, or leave USING out",
                about="using",
            )
    return None


def refuse_other_labels(before: Manifest, now: Sequence[Label]) -> None:
    """Check that labels are of the types that the earlier model learnt from.

    Raises:
        StepError: they are not.
    """
    if problem := other_labels(before.name, before.labels, now):
        raise StepError(problem)


def _same_kind(old: Label, new: Label) -> bool:
    return old.kind == new.kind or any({old.kind, new.kind} <= kinds for kinds in _SAME_LABELS)


def _names(labels: Sequence[Label]) -> str:
    return " and ".join(f"`{label.name}`" for label in labels)


def shape_of(feature: Feature) -> Shape:
    """What a feature is before and after it has learnt: then plain text is one of two others."""
    function = "TEXT" if feature.function in _LEARNT_FROM_TEXT else feature.function
    return function, tuple(map(str.casefold, feature.columns)), feature.label.casefold()


def _problem(message: str, hint: str) -> StepError:
    return StepError(Diagnostic("E0408", message, hint=hint, about="using"))

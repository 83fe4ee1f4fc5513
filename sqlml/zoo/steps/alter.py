"""ALTER MODEL: aliases, tags and names of stored models."""

from typing import Literal

from sqlml.errors import Diagnostic, StepError
from sqlml.zoo.context import Context
from sqlml.zoo.steps.outcome import Outcome


def run(
    context: Context,
    *,
    action: Literal["set-alias", "drop-alias", "set-tag", "drop-tag", "rename"],
    name: str,
    model: str,
    value: str = "",
) -> Outcome:
    """Change what is known of a stored model, `model@3`.

    What only a look at the run can tell later, a name or an alias that is no more, is an output.

    name: of the alias or tag, or the model's new name. value: of the tag.

    Raises:
        StepError: the alias, the tag or the new name is not what it should be.
    """
    altered, _, number = model.rpartition("@")
    version = int(number)
    models = context.models
    match action:
        case "set-alias":
            models.set_alias(altered, name, version)
            return Outcome(summary=f"{altered}@{name} is {model}")
        case "set-tag":
            models.set_tag(altered, version, name, value)
            return Outcome(summary=f"{name} = {value}")
        case "drop-alias":
            if not models.drop_alias(altered, name):
                raise _refusal("E0281", f"model `{altered}` has no alias `{name}`")
            lost = {"dropped_alias": f"{altered}@{name}"}
            return Outcome(summary=f"{altered}@{name} is no more", outputs=lost)
        case "drop-tag":
            if not models.drop_tag(altered, version, name):
                raise _refusal(
                    "E0284", f"`{model}` has no tag `{name}`", "DESCRIBE MODEL shows its tags"
                )
            return Outcome(summary=f"{name} is no more")
        case "rename":
            if not models.rename(altered, name):
                hint = "choose another name: the versions of a dropped model are not counted anew"
                raise _refusal("E0283", f"`{name}` is or was the name of another model", hint)
            names = {"renamed": altered, "to": name}
            return Outcome(summary=f"{altered} is now {name}", outputs=names)


def _refusal(code: str, message: str, hint: str = "") -> StepError:
    return StepError(Diagnostic(code, message, hint=hint, about="model"))

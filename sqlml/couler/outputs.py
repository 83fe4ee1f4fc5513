"""What a step gives, as the user's program passes it on to other steps."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from sqlml.workflow.ir import Item, Node, Output, OutputDeclaration
from sqlml.workflow.places import fault

JOB_OUTPUTS = ("job-id", "job-name", "job-obj")


Kind = Literal["parameter", "standard", "artifact", "job", "model"]


@dataclass(frozen=True, slots=True)
class StepOutput:
    """One output of a step: a parameter, the standard output, a file, a job, or a model.

    path: where a file lies; of a model, its name.
    """

    step: str
    name: str
    kind: Kind = "parameter"
    path: str = ""

    @property
    def reference(self) -> Output:
        return Output(self.step, self.name)

    @property
    def value(self) -> str:
        """The text by which Couler knows the output."""
        family = "artifacts" if self.kind == "artifact" else "parameters"
        what = "result" if self.kind == "standard" else f"{family}.{self.name}"
        return f"couler.{self.step}.{self.step}.outputs.{what}"

    def __repr__(self) -> str:
        return f"<output {self.name} of step {self.step}>"


class StepOutputs(list[StepOutput]):
    """The outputs of one step; the first is what conditions and loops look at."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        _check_compared(self, other)
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def _order(self, other: object) -> NoReturn:
        _check_compared(self, other)
        raise TypeError("outputs have no order")

    __lt__ = __le__ = __gt__ = __ge__ = _order


def _check_compared(outputs: StepOutputs, other: object) -> None:
    """Raises: ProgramError: E0730, Python is to compare what only the run will know."""
    if isinstance(other, str | int | float) and outputs:
        raise fault(
            "E0730",
            f"what step `{outputs[0].step}` gives is known only when it runs",
            "let the run compare it: `when(equal(output, …), function)`",
        )


@dataclass(frozen=True, slots=True)
class LoopItem:
    """What a loop over values that only the run will know is at."""

    def __repr__(self) -> str:
        return "<item of a loop>"

    @property
    def reference(self) -> Item:
        return Item()


def outputs_of(node: Node) -> StepOutputs:
    """A step's outputs: its parameters and files as declared, a job's as one."""
    if any(declared.name == "job-name" for declared in node.outputs):
        return StepOutputs([StepOutput(node.name, "job-name", "job")])
    return StepOutputs(
        StepOutput(node.name, declared.name, _kind(declared), declared.path or declared.target)
        for declared in node.outputs
    )


def _kind(declared: OutputDeclaration) -> Kind:
    match declared.kind:
        case "artifact" | "model":
            return declared.kind
        case _:
            return "parameter" if declared.path else "standard"


_WRITTEN = re.compile(r"<output \S+ of step \S+>|<item of a loop>")


def checked(text: str) -> str:
    """A text of the user's.

    Raises:
        ProgramError: an output was written into it, whose value is not known before the run.
    """
    if written := _WRITTEN.search(text):
        raise fault(
            "E0730",
            f"the text holds {written[0][1:-1]}, and its value is known only when the step runs",
            "pass the output as an argument of its own: `args=[…, output]`",
        )
    return text


def first_of(value: Any) -> Any:
    """A step's first output; any other value as it is."""
    while isinstance(value, list) and value and is_made_of_outputs(value):
        value = value[0]
    return value


def is_made_of_outputs(value: Any) -> bool:
    """Whether a value is an output, or a list with outputs in it."""
    if isinstance(value, list | tuple):
        return any(is_made_of_outputs(item) for item in value)
    return isinstance(value, StepOutput | LoopItem)


def flattened(value: Any) -> Iterator[Any]:
    """Arguments one by one: lists of outputs are opened; a job gives its id, name and object."""
    if isinstance(value, list | tuple) and (
        is_made_of_outputs(value) or isinstance(value, StepOutputs)
    ):
        for item in value:
            yield from flattened(item)
    elif isinstance(value, StepOutput) and value.kind == "job":
        yield from (StepOutput(value.step, name) for name in JOB_OUTPUTS)
    else:
        yield value

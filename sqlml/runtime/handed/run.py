"""What is asked of an engine that takes runs, and of a run that it does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.report import RunOutcome
from sqlml.store.placements import Placement
from sqlml.workflow.ir import Json, Workflow
from sqlml.workflow.policies import Schedule

State = Literal["waiting", "running", "succeeded", "failed", "skipped", "interrupted"]
Tell = Callable[[str], None]

_NO_IMAGE = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "TaskRunImagePullFailed",
)


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step as its engine sees it. seconds: that it took. message: why it is in that state. pods:
    what the engine calls its pods or attempts, in the order they began."""

    state: State
    seconds: float = 0.0
    message: str = ""
    pods: Sequence[str] = ()

    @property
    def lacks_image(self) -> bool:
        return any(word in self.message for word in _NO_IMAGE)


@dataclass(frozen=True, slots=True)
class End:
    """How a run has ended. message: the engine's, empty for a good end."""

    outcome: RunOutcome
    message: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A run at one moment. steps: those that have begun, or never will, by name. log: what a step
    has printed. end: of a run that has ended."""

    steps: Mapping[str, StepStatus]
    log: Callable[[str, StepStatus], str]
    end: End | None = None


class EngineRun(Protocol):
    """A run that an engine does. All methods raise ProgramError, where the engine cannot be asked.

    run: its id here. title: what the engine calls it. inside: the id that its steps know. where: it
    is done, in words.
    """

    @property
    def run(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def inside(self) -> str: ...
    @property
    def where(self) -> str: ...

    def moments(self, workflow: Workflow) -> Iterator[Moment]:
        """The run now, and again as it goes on, until it has ended or is not there any more.

        workflow: the run's, as far as it is known.
        """
        ...

    def stop(self) -> bool:
        """Let the run stop; False where it had ended already."""
        ...

    def resume(self, choose: Callable[[Sequence[str]], Sequence[str]]) -> Sequence[str]:
        """Let steps go on that wait for a person; which. choose: among those that wait."""
        ...


class Offer(Protocol):
    """A workflow as an engine takes it, not yet handed over. Its methods raise as `EngineRun`'s."""

    def place(self, run: str) -> Placement:
        """Where a run of that id is, or will be."""
        ...

    def find(self, run: str) -> EngineRun | None:
        """The run of that id, if it has been handed over already."""
        ...

    def submit(self, run: str, tell: Tell) -> EngineRun:
        """Hand it over, as a run of that id; once, however often it is asked to.

        tell: is given what a person waits for.
        """
        ...


class Submitter(Protocol):
    """Hands workflows to an engine. takes_values: the values of parameters are given with a run;
    else they are written into the engine's files, as defaults."""

    takes_values: bool

    def offer(
        self,
        files: Mapping[str, str],
        settings: Mapping[str, str],
        namespace: str,
        values: Mapping[str, Json],
    ) -> Offer:
        """What to hand over. files, settings, namespace: those of the engine. values: of
        parameters, by name.

        Raises:
            ProgramError: E0780 such files are no run; the engine's place is not known.
        """
        ...

    def find(self, placement: Placement) -> EngineRun:
        """A run that has been handed over.

        Raises:
            ProgramError: the engine's place is not known.
        """
        ...


@runtime_checkable
class Scheduler(Protocol):
    """Hands workflows to an engine that has a server of its own, and runs them again and again."""

    def schedule_runs(
        self,
        files: Mapping[str, str],
        settings: Mapping[str, str],
        namespace: str,
        when: Schedule,
        tell: Tell,
        /,
        *,
        supply: Callable[[], None],
    ) -> str:
        """Hand a workflow over that is to be run at its own times, instead of the one that was;
        gives what the engine calls it. supply: is called before, when nothing speaks against it.

        Raises:
            ProgramError: as `Submitter.offer` and `Offer.submit`.
        """
        ...


def seconds_between(began: Any, ended: Any) -> float:
    """The seconds between two times as engines write them; 0 where one is missing."""
    if not began or not ended:
        return 0.0
    span = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    return max(0.0, span.total_seconds())


def gone(place: str, run: str) -> ProgramError:
    """A run was asked for that is not at its place any more. run: as it is called there."""
    message = f"{place} has no {run} any more"
    hint = "it was deleted or cleaned up there; `sqlml show RUN` has what is known of it"
    return ProgramError(Diagnostic("E0777", message, hint=hint))

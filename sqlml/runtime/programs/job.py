"""A step that is a program, ready to run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlml.runtime.programs.means import Means
from sqlml.runtime.programs.processes import Processes
from sqlml.runtime.programs.volumes import Places
from sqlml.store.waits import Wait
from sqlml.workflow.ir import Json, Node, SecretKey, Text, Volume
from sqlml.workflow.texts import filled


@dataclass(frozen=True, slots=True)
class Job:
    """values: of the node's inputs. files: where the files lie that other steps have left for it.

    folder: its scratch space. log: where what it prints goes. threads: its share of the cores.
    lasting: the folder for files of that name that outlive the run. volumes: the workflow's.
    places: where they lie. wait: until a person ends it.
    """

    node: Node
    values: Mapping[str, Json]
    files: Mapping[str, Path]
    folder: Path
    log: Path
    threads: int
    lasting: Callable[[str], Path]
    note: Callable[[str], None]
    means: Means
    processes: Processes
    volumes: Mapping[str, Volume]
    places: Places
    wait: Wait

    @property
    def operation(self) -> Any:
        return self.node.operation

    def text(self, text: Text) -> str:
        return filled(text, self.values)

    def texts(self, texts: Sequence[Text]) -> list[str]:
        return [self.text(text) for text in texts]

    def variables(self) -> dict[str, str]:
        """The step's own environment, secrets and all."""
        return {
            name: self.means.secret(value) or ""
            if isinstance(value, SecretKey)
            else self.text(value)
            for name, value in self.node.env.items()
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What a program came to. outputs: by name. peak_memory: bytes, where it is known."""

    summary: str = ""
    outputs: Mapping[str, Json] = field(default_factory=dict)
    peak_memory: int = 0

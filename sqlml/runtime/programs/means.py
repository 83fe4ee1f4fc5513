"""What this machine has for steps that are programs: a container engine, secrets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from sqlml.config import Settings
from sqlml.workflow.ir import SecretKey
from sqlml.workflow.secrets import PREFIX, password_of, variable
from sqlml.zoo.containers import container_engine

Choice = Literal["auto", "podman", "docker", "process"]


@dataclass(frozen=True)
class Means:
    """containers: which engine runs images; `process` runs their commands here, without an image.

    secrets: the folder with a folder per secret, a file per key. limits_memory: whether steps end
    that hold more than they ask for. environment: of this process.
    """

    containers: Choice = "auto"
    secrets: str = ""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    limits_memory: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        return cls(settings.containers, settings.secrets, limits_memory=settings.memory_limits)

    @property
    def runs_images_as_processes(self) -> bool:
        return self.containers == "process"

    @cached_property
    def engine(self) -> str | None:
        """The program that runs containers; None: there is none, or none is wanted."""
        return container_engine(self.containers, self.environment.get("PATH", ""))

    @cached_property
    def inherited(self) -> dict[str, str]:
        """The environment that programs have besides their own: ours, but for the secrets."""
        return {k: v for k, v in self.environment.items() if not k.startswith(PREFIX)}

    def secret(self, reference: SecretKey) -> str | None:
        """The value of a secret's key; None where nobody has given it."""
        value = self.environment.get(variable(reference))
        if value is None and (file := self.secret_file(reference)) and file.is_file():
            value = file.read_text("utf-8").removesuffix("\n")
        return value

    def password(self, secret: str) -> str | None:
        """The key `password` of a secret; None where nobody has given it."""
        return self.secret(password_of(secret))

    def secret_folder(self, secret: str) -> Path | None:
        """The folder with a secret's keys as files."""
        folder = Path(self.secrets) / secret
        return folder if self.secrets and folder.is_dir() else None

    def secret_file(self, reference: SecretKey) -> Path | None:
        folder = self.secret_folder(reference.secret)
        return None if folder is None else folder / reference.key

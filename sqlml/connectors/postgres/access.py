"""Who may come in, and what they may do."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlml.connectors.postgres.scram import Verifier
from sqlml.errors import Diagnostic, ProgramError

Role = Literal["read", "train", "admin"]
ROLES: tuple[Role, ...] = ("read", "train", "admin")


@dataclass(frozen=True, slots=True)
class User:
    """password: what SCRAM keeps of it; None lets everybody in who comes from this machine."""

    name: str
    role: Role
    password: Verifier | None = None


class Users:
    """The users of a server, from a file of JSON: {"ann": {"role": "read", "password": "…"}}."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self._users = users

    @classmethod
    def read(cls, path: Path) -> "Users":
        """Raises:
        ProgramError: E0902 the file is none of users.
        """
        try:
            told = json.loads(path.read_text("utf-8"))
            return cls({name: _user(name, each) for name, each in told.items()})
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            hint = '{"ann": {"role": "read", "password": "…"}} is one; roles: read, train, admin'
            message = f"`{path}` is no file of users: {error}"
            raise ProgramError(Diagnostic("E0902", message, hint=hint)) from error

    @classmethod
    def of_environment(cls) -> "Users | None":
        """One administrator whose password is in SQLML_PASSWORD; None where there is none."""
        password = os.environ.get("SQLML_PASSWORD")
        name = os.environ.get("SQLML_USER", "sqlml")
        return cls({name: User(name, "admin", Verifier.of(password))}) if password else None

    def find(self, name: str) -> User | None:
        return self._users.get(name)


def _user(name: str, told: Mapping[str, str]) -> User:
    role = told["role"]
    if role not in ROLES:
        raise ValueError(f"`{role}` is no role")
    return User(name, role, Verifier.of(told["password"]))

"""A workflow's DAG files: put where Airflow reads them, and known to it as they are."""

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.handed.run import Tell
from sqlml.runtime.servers.rest import Server, paced

_API = "/api/v2"
_OURS = ": written by sqlml;"
_PATIENCE = 660.0  # seconds: Airflow looks every five minutes for new files, unless told otherwise


class DagFiles:
    """files: names and texts; the first is the DAG whose run is the workflow's, the others are its
    parts. folder: that Airflow reads; None where somebody else puts them there."""

    def __init__(self, files: Mapping[str, str], folder: Path | None) -> None:
        self._files = files
        self._folder = folder

    @property
    def dags(self) -> Sequence[str]:
        return [name.removesuffix(".py") for name in self._files]

    def deliver(self, server: Server, tell: Tell, *, is_paused: bool = False) -> None:
        """Let Airflow have the files, and wait until it has read them and would run them.

        is_paused: it would not run them yet.

        Raises:
            ProgramError: E0776 another DAG has the name, E1106 Airflow has not read them; and what
                the server raises.
        """
        errors = {error["import_error_id"]: error["timestamp"] for error in self._errors(server)}
        if self._folder is not None and not self._put(self._folder, server):
            errors = {}  # are about the files as they are
        is_told = False
        began, wait = server.caller.clock(), paced(server.caller)
        for dag, text in zip(self.dags, self._files.values(), strict=True):
            while not _is_read(server, dag, text):
                self._check(server, dag, errors, server.caller.clock() - began)
                if not is_told:
                    tell(f"waiting until Airflow has read {dag}.py; new files take it some minutes")
                    is_told = True
                wait(False)
            _let_run(server, dag, is_paused=is_paused)

    def _put(self, folder: Path, server: Server) -> bool:
        """Write the files; whether anything was new.

        A file of that name is replaced only if it is one of ours, and no run goes on that reads it.
        """
        if not folder.is_dir():
            message = f"there is no folder `{folder}` for DAG files"
            hint = "name the one that Airflow reads, `[core] dags_folder`: --set dags=FOLDER"
            raise ProgramError(Diagnostic("E1106", message, hint=hint))
        there = {name: _content(folder / name) for name in self._files}
        changed = {name: text for name, text in self._files.items() if there[name] != text}
        for name in changed:
            if there[name] and _OURS not in there[name].partition("\n")[0]:
                message = f"`{folder / name}` is there, and was not written by sqlml"
                raise ProgramError(Diagnostic("E0776", message, hint=_OTHER_NAME))
        if changed:
            _check_idle(server, self.dags[0])
        for name, text in changed.items():
            beside = folder / f".{name}.{secrets.token_hex(4)}.part"
            beside.write_text(text, "utf-8")
            os.replace(beside, folder / name)
        return bool(changed)

    def _errors(self, server: Server) -> Sequence[Mapping[str, Any]]:
        """What Airflow says is wrong with the files; nothing where we may not know."""
        answer = server.ask("GET", f"{_API}/importErrors", query={"limit": "100"}, expected=(403,))
        told = answer.told["import_errors"] if answer.status == 200 else ()
        return [error for error in told if Path(error["filename"]).name in self._files]

    def _check(self, server: Server, dag: str, known: Mapping[int, str], waited: float) -> None:
        """Whether to go on waiting for a DAG. known: errors of files that were there before."""
        for error in self._errors(server):
            if known.get(error["import_error_id"]) != error["timestamp"]:
                message = f"Airflow cannot read `{error['filename']}`"
                label = error["stack_trace"].strip().splitlines()[-1]
                hint = "does it have what the file imports?"
                raise ProgramError(Diagnostic("E1106", message, label=label, hint=hint))
        message = f"Airflow has no DAG `{dag}` as this program is"
        if self._folder is None:
            hint = "name the folder that it reads DAGs from: --set dags=FOLDER"
            raise ProgramError(Diagnostic("E1106", message, hint=hint))
        if waited > _PATIENCE:
            label = f"`{self._folder / f'{dag}.py'}` was there for {waited:.0f} seconds"
            hint = "is this the folder that Airflow reads, and does its dag-processor run?"
            raise ProgramError(Diagnostic("E1106", message, label=label, hint=hint))


_OTHER_NAME = "name the program's file otherwise, or name another folder: --set dags=FOLDER"


def _content(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() else ""


def _check_idle(server: Server, dag: str) -> None:
    """Tasks read their DAG's file when they start: while it runs, the file stays as it is."""
    query = {"state": ("queued", "running"), "limit": "1"}
    answer = server.ask("GET", f"{_API}/dags/{quote(dag)}/dagRuns", query=query, expected=(404,))
    runs = answer.told["dag_runs"] if answer.status == 200 else ()
    if runs:
        message = f"DAG `{dag}` is running as it was before the program changed"
        label = f"run `{runs[0]['dag_run_id']}`"
        hint = "wait for it, or stop it: sqlml cancel RUN; or name the program's file otherwise"
        raise ProgramError(Diagnostic("E0776", message, label=label, hint=hint))


def _is_read(server: Server, dag: str, text: str) -> bool:
    """Whether Airflow would run that text."""
    answer = server.ask("GET", f"{_API}/dagSources/{quote(dag)}", expected=(404,))
    return answer.status == 200 and answer.told["content"] == text


def _let_run(server: Server, dag: str, *, is_paused: bool) -> None:
    """New DAGs wait for somebody to let them run."""
    path = f"{_API}/dags/{quote(dag)}"
    if server.ask("GET", path).told["is_paused"] != is_paused:
        server.ask("PATCH", path, {"is_paused": is_paused}, query={"update_mask": "is_paused"})

"""What a cluster refuses, as diagnostics with the next step."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlml.errors import Diagnostic, ProgramError


@dataclass(frozen=True, slots=True)
class Place:
    """What was asked for: a verb and kind of objects, as rights are written, and where."""

    verb: str
    objects: str
    namespace: str
    host: str


class Conflict(Exception):  # noqa: N818 - part of the protocol, told to nobody
    """409: such an object is there, or is of another version."""


class Missing(Exception):  # noqa: N818 - part of the protocol, told to nobody
    """404: there is no object of that name."""


def meant(error: Any, place: Place) -> Exception:
    """What an answer of the cluster that says no is raised as."""
    if error.status == 409:
        return Conflict()
    if error.status == 404 and place.verb in {"get", "delete"}:
        return Missing()
    return refused(error, place)


def seconds_asked(error: Any) -> float:
    """The seconds that the cluster asks to wait."""
    asked = str((error.headers or {}).get("Retry-After", ""))
    return float(asked) if asked.isdecimal() else 0.0


def refused(error: Any, place: Place) -> ProgramError:
    """The diagnostic for an answer of the cluster that says no."""
    told = _message(error)
    diagnostic = {401: _unknown_user, 403: _forbidden, 404: _not_there}.get(error.status, _wrong)
    return ProgramError(diagnostic(told, place))


def unreachable(host: str, reason: Exception, attempts: int) -> ProgramError:
    """The diagnostic for a cluster that does not answer, or is too busy to."""
    status = getattr(reason, "status", None)
    told = f"{status} {_message(reason)}" if status else str(reason).splitlines()[0]
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    message = f"the cluster at {host} does not answer{tried}"
    hint = "try again: nothing is done twice; is the address right? kubectl cluster-info"
    return ProgramError(Diagnostic("E0771", message, label=told[:300], hint=hint))


def _unknown_user(told: str, place: Place) -> Diagnostic:
    message = f"the cluster at {place.host} does not know you"
    return Diagnostic("E0772", message, label=told, hint="log in to it again")


def _forbidden(told: str, place: Place) -> Diagnostic:
    message = f"you may not {place.verb} {place.objects} in namespace `{place.namespace}`"
    right = f"kubectl auth can-i {place.verb} {place.objects} -n {place.namespace}"
    hint = f"ask for that right, or name another --namespace; see: {right}"
    return Diagnostic("E0772", message, label=told, hint=hint)


def _not_there(told: str, place: Place) -> Diagnostic:
    if "namespaces" in told:
        message = f"the cluster has no namespace `{place.namespace}`"
        hint = f"name another by --namespace, or: kubectl create namespace {place.namespace}"
        return Diagnostic("E0773", message, hint=hint)
    message = f"the cluster at {place.host} does not know {place.objects}"
    hint = "install the engine there (kubectl api-resources lists what it knows)"
    return Diagnostic("E0773", message, label=told, hint=hint)


def _wrong(told: str, place: Place) -> Diagnostic:
    message = f"the cluster refuses to {place.verb} {place.objects}"
    hint = "`sqlml render --engine NAME --to FOLDER` writes what is sent; `sqlml lint` checks it"
    return Diagnostic("E0775", message, label=told, hint=hint)


def _message(error: Any) -> str:
    """What the cluster says: the message of a Status, or the text itself."""
    body = error.body or ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(text)["message"])
    return (text or str(error.reason)).strip()[:300]

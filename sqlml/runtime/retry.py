"""Whether a step that has failed is tried again, and when."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import random

from sqlml.errors import Diagnostic, SqlmlError
from sqlml.workflow.error_kinds import EXIT_CODES, ErrorKind, kind_of
from sqlml.workflow.ir import Backoff, Node, Query, Retry
from sqlml.workflow.operations import PROGRAMS

_REFUSED = frozenset({"E0623", "E0680", "E0681", "E0682", "E0683", "E0624"})  # as it is written

_REFUSAL = ErrorKind("refused", "user", "")


@dataclass(frozen=True, slots=True)
class Again:
    """A step will be tried again after so many seconds, because of that kind of error."""

    seconds: float
    kind: str


def decide(
    node: Node,
    policy: Retry | None,
    attempt: int,
    kind: ErrorKind | None,
    *,
    is_lifted: bool = False,
    chance: Callable[[], float] = random,
) -> Again | None:
    """What follows the failure of attempt number `attempt` (from 1); None: it stays failed.

    policy: what the node or the workflow asks for. Where nobody asks, statements are tried again
    after transient errors, as often as the kind of error allows: a failed statement has changed
    nothing. Programs may have. kind: of the error, where it is known. is_lifted: the step was ended
    for exceeding a limit, and will have more: it is tried again at once. chance: from 0 to 1.
    """
    if kind is not None and kind.category == "user":
        return None
    if is_lifted and kind is not None and (policy is None or _covers(policy, kind)):
        return Again(0.0, kind.name)
    if policy is None:
        if kind is None or kind.category != "transient" or not _can_be_repeated(node):
            return None
        limit, backoff = kind.limit, kind.backoff
    elif _covers(policy, kind):
        limit, backoff = policy.limit, policy.backoff
    else:
        return None
    if attempt > limit:
        return None
    return Again(wait(backoff, attempt, chance()), kind.name if kind else "failure")


def wait(backoff: Backoff, attempt: int, chance: float) -> float:
    """Seconds to wait after attempt number `attempt`: at least half of what the backoff says.

    The rest is left to chance, so that those who failed together do not come back together.
    """
    longest = float("inf") if backoff.longest is None else backoff.longest
    try:
        seconds = min(backoff.seconds * backoff.factor ** (attempt - 1), longest)
    except OverflowError:
        seconds = longest
    return seconds * (0.5 + chance / 2)


def error_kind(node: Node, reasons: Iterable[Diagnostic], log: str) -> ErrorKind | None:
    """What kind of error a step has failed with. Statements' logs hold others' chatter."""
    return _kind(tuple(reasons), log if isinstance(node.operation, PROGRAMS) else "")


def exit_code(error: SqlmlError) -> int:
    """The exit code of a statement's process, by which an engine knows what may be tried again."""
    kind = _kind(error.diagnostics, "")
    return EXIT_CODES[kind.category] if kind is not None else error.exit_code


def _kind(diagnostics: tuple[Diagnostic, ...], log: str) -> ErrorKind | None:
    told = "\n".join(f"{d.label}\n{d.hint}\n{d.message}" for d in diagnostics)
    found = kind_of(f"{log}\n{told}")
    if found is None and any(d.code in _REFUSED for d in diagnostics):
        return _REFUSAL
    return found


def _covers(policy: Retry, kind: ErrorKind | None) -> bool:
    if "any" in policy.on:
        return True
    return kind is not None and not {kind.name, kind.category}.isdisjoint(policy.on)


def _can_be_repeated(node: Node) -> bool:
    match node.operation:
        case Query(session=session):
            return not session
        case operation:
            return not isinstance(operation, PROGRAMS)

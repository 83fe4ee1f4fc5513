"""Which passes run, and with what: `size,split{steps=200}` as passes, made from earlier runs."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields

from sqlml.errors import Diagnostic, ProgramError, did_you_mean
from sqlml.optimizer import ON_REQUEST, PASSES
from sqlml.optimizer.history import History
from sqlml.workflow.ir import Workflow

Pass = Callable[[Workflow], Workflow]

_PASS = re.compile(r"\s*([\w-]+)\s*(?:\{([^{}]*)\}\s*)?(?:,|$)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def pipeline(spelled: str, history: History) -> list[tuple[str, Pass]]:
    """The passes that are asked for, in that order, by name.

    spelled: names, each with what it is given in braces; empty for those that always run, `none`
    for none.

    Raises:
        ProgramError: E0808 there is no such pass; E0851 it does not take what it is given.
    """
    if not spelled.strip():
        return [(name, PASSES.load(name)(history)) for name in PASSES if name not in ON_REQUEST]
    if spelled.strip() == "none":
        return []
    return [(name, _made(name, given, history)) for name, given in _read(spelled)]


def _read(spelled: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    at = 0
    while at < len(spelled):
        found = _PASS.match(spelled, at)
        pairs = [pair.partition("=") for pair in (found[2] or "").split(",")] if found else []
        if found is None or any(bool(name.strip()) != bool(value) for name, _, value in pairs):
            message = f"`{spelled}` does not spell passes"
            hint = 'write names, with what they take in braces: "size,split{steps=200}"'
            raise ProgramError(Diagnostic("E0851", message, hint=hint))
        yield found[1], {n.strip(): value.strip() for n, _, value in pairs if n.strip()}
        at = found.end()


def _made(name: str, given: Mapping[str, str], history: History) -> Pass:
    kind = PASSES.load(name)
    known = [item.name for item in fields(kind) if item.name != "history"]  # type: ignore[arg-type]
    for key, value in given.items():
        if key not in known:
            hint = did_you_mean(key, known) or f"it takes {', '.join(known) or 'nothing'}"
            raise ProgramError(Diagnostic("E0851", f"pass `{name}` takes no `{key}`", hint=hint))
        if not _NUMBER.fullmatch(value):
            message = f"`{key}` of pass `{name}` is a number, not `{value}`"
            raise ProgramError(Diagnostic("E0851", message))
    numbers = {k: float(v) if "." in v else int(v) for k, v in given.items()}
    return kind(history, **numbers)

"""Lines within others: blocks, and the attempts and limits of time around a step."""

from collections.abc import Iterable, Iterator, Sequence

from sqlml.codegen import plain
from sqlml.codegen.python.layout import call, literal
from sqlml.workflow.ir import Backoff, Node, Retry

_INDENT = " " * 4


def indented(lines: Iterable[str]) -> Iterator[str]:
    """Lines further to the right; the texts in them stay as they are."""
    yield from (f"{_INDENT}{line}" if line else line for line in lines)


def block(head: str, lines: Iterable[str]) -> Iterator[str]:
    """A statement with others in it, which may be mere remarks."""
    inner = [*trimmed(lines)]
    yield head
    yield from indented(inner)
    if not any(line and not line.lstrip().startswith("#") for line in inner):
        yield f"{_INDENT}pass"


def trimmed(lines: Iterable[str]) -> Iterator[str]:
    """Lines without an empty one before them."""
    has_begun = False
    for line in lines:
        has_begun = has_begun or bool(line)
        if has_begun:
            yield line


def tried(node: Node, retry: Retry | None, lines: Sequence[str]) -> Iterator[str]:
    """Lines with a step's retries and its limit of time."""
    withs = ["attempt"] if retry else []
    withs += [f"at_most({node.timeout:g})"] if node.timeout is not None else []
    inner = block(f"with {', '.join(withs)}:", lines) if withs else iter(lines)
    yield from block(f"for attempt in {_attempts(retry)}:", inner) if retry else inner


def _attempts(retry: Retry) -> str:
    usual, backoff = Backoff(), retry.backoff
    named = {}
    for name in ("seconds", "factor", "longest"):
        value = getattr(backoff, name)
        if value != getattr(usual, name):
            named[name] = f"{value:g}"
    if "any" not in retry.on:
        named["errors"] = literal(plain.patterns(retry.on))
    return call("attempts", str(retry.limit), **named)

"""Asking a server, with the standard library."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from sqlml.errors import Diagnostic, StepError
from sqlml.runtime.outputs import read
from sqlml.runtime.programs.job import Done, Job
from sqlml.workflow.ir import Http

if TYPE_CHECKING:
    from urllib.request import Request

_LONGEST = 1 << 20  # bytes of an answer
_SHOWN = 500  # characters of one that is an error
_FAILS = 400


def run(job: Job) -> Done:
    """Ask, and give the body of the answer as each of the outputs.

    Raises:
        StepError: E0686, there is no answer, it is an error, or it is too long.
    """
    from urllib.request import Request

    operation: Http = job.operation
    url = job.text(operation.url)
    if not url.lower().startswith(("http://", "https://")):
        raise StepError(Diagnostic("E0686", f"`{url}` is no URL of http or https"))
    body = job.text(operation.body)
    request = Request(
        url,
        data=body.encode() if body else None,
        headers={name: job.text(value) for name, value in operation.headers.items()},
        method=operation.method,
    )
    with job.processes.step(job.node.name) as stop:
        status, text = job.processes.call(lambda: _ask(request, operation.timeout), stop)
    with job.log.open("a", encoding="utf-8") as log:
        log.write(f"{operation.method} {url}: HTTP {status}\n{text}\n")
    if status >= _FAILS:
        words = f"HTTP {status} {_phrase(status)}".rstrip()
        message = f"`{url}` answers with an error: {words}"
        raise StepError(Diagnostic("E0686", message, hint=text[:_SHOWN].strip()))
    outputs = {output.name: read(output, text) for output in job.node.outputs}
    return Done(f"HTTP {status}", outputs)


def _ask(request: "Request", timeout: float) -> tuple[int, str]:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        with urlopen(request, timeout=timeout) as answer:
            return answer.status, _text(answer.read(_LONGEST + 1), request)
    except HTTPError as error:
        with error:
            return error.code, error.read(_LONGEST).decode(errors="replace")
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        message = f"`{request.full_url}` does not answer: {reason}"
        raise StepError(Diagnostic("E0686", message)) from error


def _text(body: bytes, request: "Request") -> str:
    if len(body) > _LONGEST:
        message = f"the answer of `{request.full_url}` has more than {_LONGEST:,} bytes"
        hint = "let a script fetch what is large, and leave it as an artifact"
        raise StepError(Diagnostic("E0686", message, hint=hint))
    return body.decode(errors="replace")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""

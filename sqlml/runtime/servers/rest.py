"""An engine's server: requests and answers of JSON, by the standard library."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from sqlml.errors import Diagnostic, ProgramError
from sqlml.runtime.handed.patience import BUSY, Caller, Unanswered

Query = Mapping[str, str | Sequence[str]]

_SHOWN = 500  # characters of what a server says


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str

    @property
    def told(self) -> Any:
        """What its JSON says; the text itself, where it is none."""
        with suppress(ValueError):
            return json.loads(self.text)
        return self.text

    @property
    def is_page(self) -> bool:
        """Whether it is for people."""
        return self.text.lstrip().startswith("<")

    @property
    def words(self) -> str:
        """What is wrong, as FastAPI or gRPC's gateway says it."""
        told = self.told
        if isinstance(told, Mapping):
            told = told.get("detail") or told.get("error") or told.get("message") or told
        text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
        return "" if self.is_page else text.strip()[:_SHOWN]


class Login(Protocol):
    """How to become known to a server. hint: for one whom it does not know."""

    hint: str

    def token(self, server: "Server") -> str:
        """What the server knows the user by; empty for none."""
        ...


class Server:
    """A server of an engine. title: of the engine.

    Every method raises ProgramError: E1102 it does not answer, E1103 it does not let the user,
    E1104 it is no server of this engine, E1105 it refuses what it was given.
    """

    def __init__(self, title: str, url: str, login: Login, caller: Caller) -> None:
        self.title = title
        self.url = url.rstrip("/")
        self.caller = caller
        self._login = login
        self._token: str | None = None

    def ask(
        self,
        verb: str,
        path: str,
        body: Any = None,
        *,
        query: Query | None = None,
        expected: tuple[int, ...] = (),
        is_known: bool = True,
    ) -> Answer:
        """Ask, and again where nothing is known of the call or the server is busy.

        expected: refusals that are answers, too. is_known: say who asks.
        """

        def once() -> Answer:
            return self.ask_once(
                verb, path, body, query=query, expected=expected, is_known=is_known
            )

        return self.caller.call(once, self.given_up)

    def ask_once(
        self,
        verb: str,
        path: str,
        body: Any = None,
        *,
        query: Query | None = None,
        expected: tuple[int, ...] = (),
        is_known: bool = True,
    ) -> Answer:
        """As `ask`, without asking again; raises Unanswered, too."""
        is_new = is_known and self._token is None
        if is_new:
            self._token = self._login.token(self)
        token = self._token if is_known else ""
        answer = self._answer(verb, path, body, query or {}, token or "")
        if answer.status == 401 and is_known and not is_new:  # a token lasts for some time only
            self._token = None
            return self.ask_once(verb, path, body, query=query, expected=expected)
        if answer.status in expected or (answer.status < 300 and not answer.is_page):
            return answer
        raise self._refused(answer, f"{verb} {path}")

    def given_up(self, reason: Exception, attempts: int) -> ProgramError:
        """What is raised when a server has been asked so often in vain."""
        tried = f" after {attempts} attempts" if attempts > 1 else ""
        message = f"the server of {self.title} at {self.url} does not answer{tried}"
        hint = "is the address right, and does it run? try again: nothing is done twice"
        return ProgramError(Diagnostic("E1102", message, label=str(reason)[:_SHOWN], hint=hint))

    def _answer(self, verb: str, path: str, body: Any, query: Query, token: str) -> Answer:
        from http.client import HTTPException
        from urllib.request import HTTPErrorProcessor, Request, build_opener

        class AsItIs(HTTPErrorProcessor):
            """No answer is an error yet, and nobody elsewhere is told who asks."""

            def http_response(self, request: Request, response: Any) -> Any:
                return response

            def https_response(self, request: Request, response: Any) -> Any:
                return response

        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        asked = f"?{urlencode(query, doseq=True)}" if query else ""
        request = Request(f"{self.url}{path}{asked}", data, headers, method=verb)
        try:
            with build_opener(AsItIs).open(request, timeout=self.caller.timeout) as told:
                answer = Answer(told.status, told.read().decode("utf-8", "replace"))
                pause = str(told.headers.get("Retry-After", ""))
        except (OSError, HTTPException) as error:
            raise Unanswered(OSError(str(getattr(error, "reason", error)))) from error
        if answer.status in BUSY:
            reason = OSError(f"{answer.status} {answer.words}".rstrip())
            raise Unanswered(reason, float(pause) if pause.isdecimal() else 0.0)
        return answer

    def _refused(self, answer: Answer, what: str) -> ProgramError:
        host, told = f"the server of {self.title} at {self.url}", answer.words
        status = answer.status
        is_unknown = status == 401 or "JWT" in told  # as Airflow says it of a wrong token
        if is_unknown or 300 <= status < 400:  # to a page where people log in
            return _error("E1103", f"{host} does not know you", told, self._login.hint)
        if status == 403:
            hint = f"ask for that right, or be another: {self._login.hint}"
            return _error("E1103", f"{host} does not let you do this: {what}", told, hint)
        if status in (404, 405) or status < 300:
            hint = "is that its address, with the path before `/api`, if there is one?"
            return _error("E1104", f"{host} does not know {what}", told, hint)
        hint = "`sqlml render --engine NAME --to FOLDER` writes what is sent"
        return _error("E1105", f"{host} refuses {what}", f"{status} {told}", hint)


def server_url(title: str, url: str, hint: str) -> str:
    """The URL of a server.

    Raises:
        ProgramError: E1101 there is none, or it is none.
    """
    if not url:
        raise ProgramError(Diagnostic("E1101", f"no server of {title} is known", hint=hint))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        message = f"`{url}` is no address of a server of {title}"
        raise ProgramError(Diagnostic("E1101", message, hint=hint))
    if parts.username is not None or parts.password is not None:
        message = f"the address of the server of {title} holds a password, which would be kept"
        raise ProgramError(Diagnostic("E1101", message, hint="leave it out of the address"))
    return url.rstrip("/")


def _error(code: str, message: str, label: str, hint: str) -> ProgramError:
    return ProgramError(Diagnostic(code, message, label=label, hint=hint))


def paced(caller: Caller, shortest: float = 0.5, longest: float = 5.0) -> Callable[[bool], None]:
    """A pause that is longer each time; given whether something has changed, short again."""
    pause = shortest

    def wait(has_changed: bool) -> None:
        nonlocal pause
        pause = shortest if has_changed else min(1.5 * pause, longest)
        caller.sleep(pause)

    return wait

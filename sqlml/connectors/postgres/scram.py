"""SCRAM-SHA-256 as a server speaks it (RFC 5802, RFC 7677), bound to TLS where there is some.

Libraries of the kind refuse the empty user name that PostgreSQL's own clients send.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import pbkdf2_hmac, sha256

_ROUNDS = 4096


class WrongPassword(Exception):  # noqa: N818 - no error of ours
    """The client does not know the password, or what it says is no SCRAM."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is kept of a password."""

    salt: bytes
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, password: str) -> "Verifier":
        salt = secrets.token_bytes(16)
        salted = pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
        client_key = _mac(salted, b"Client Key")
        return cls(salt, sha256(client_key).digest(), _mac(salted, b"Server Key"))


class Exchange:
    """One proof of a password: `challenge` answers the first message, `verdict` the last.

    binding: what the server's certificate is known by (`tls-server-end-point` of RFC 5929), for
    clients that want to be sure to speak with nobody in between.
    """

    def __init__(
        self, verifier: Verifier, binding: bytes | None = None, *, is_bound: bool = False
    ) -> None:
        self._verifier = verifier
        self._binding = binding if is_bound else None
        # `y`: the client could bind, and thinks that the server cannot
        unbound = ("n",) if binding is not None else ("n", "y")
        self._flags = ("p=tls-server-end-point",) if is_bound else unbound
        self._nonce = ""
        self._told = ""
        self._header = b""

    def challenge(self, first: str) -> str:
        """Raises:
        WrongPassword: it is no first message.
        """
        flag, _, rest = first.partition(",")
        _, _, bare = rest.partition(",")
        attributes = _attributes(bare)
        if flag not in self._flags or not attributes.get("r"):
            raise WrongPassword(first)
        self._header = first[: len(first) - len(bare)].encode() + (self._binding or b"")
        self._nonce = attributes["r"] + secrets.token_urlsafe(18)
        salt = b64encode(self._verifier.salt).decode()
        answer = f"r={self._nonce},s={salt},i={_ROUNDS}"
        self._told = f"{bare},{answer}"
        return answer

    def verdict(self, last: str) -> str:
        """Raises:
        WrongPassword: the proof is wrong.
        """
        without, _, proof = last.rpartition(",p=")
        attributes = _attributes(without)
        told = f"{self._told},{without}".encode()
        signature = _mac(self._verifier.stored_key, told)
        try:
            given, header = b64decode(proof), b64decode(attributes.get("c", ""))
        except ValueError as error:
            raise WrongPassword(last) from error
        key = bytes(a ^ b for a, b in zip(given, signature, strict=False))
        is_right = hmac.compare_digest(sha256(key).digest(), self._verifier.stored_key)
        if not is_right or header != self._header or attributes.get("r") != self._nonce:
            raise WrongPassword(last)
        return "v=" + b64encode(_mac(self._verifier.server_key, told)).decode()


def _attributes(text: str) -> dict[str, str]:
    return {part[:1]: part[2:] for part in text.split(",") if part[1:2] == "="}


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")

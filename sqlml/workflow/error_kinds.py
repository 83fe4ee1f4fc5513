"""The kinds of errors that trying again can help against, and how they are told from others.

One table for all: the local runner retries by it, and engines' files are written by it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sqlml.workflow.policies import Backoff

ErrorClass = Literal["transient", "resource", "user"]


_USUAL = Backoff(1, 2, 60)
_SLOW = Backoff(10, 2, 300)  # what others have to free or mend
_QUICK = Backoff(0.1, 2, 5)  # what is over in a moment

# Exit codes by which programs tell engines what kind of error ended them. transient: EX_TEMPFAIL
# of sysexits.h; resource: that of a process which the system has killed for its memory.
OUT_OF_MEMORY = "out-of-memory"
EXIT_CODES: Mapping[ErrorClass, int] = {"transient": 75, "resource": 137, "user": 1}
TERMINATED = 143  # by SIGTERM, which says nothing against another attempt


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """transient: trying again may do. resource: it may do where or when there is more of something.

    user: the program, the image or a right is wrong, and no attempt will be better.
    pattern: matched against what a step has said, upper and lower case alike. backoff and limit
    (of attempts after the first): where nothing else is asked for.
    """

    name: str
    category: ErrorClass
    pattern: str
    backoff: Backoff = _USUAL
    limit: int = 5


_TABLE = (
    # --- the cluster's API ---
    ErrorKind("quota-exceeded", "resource", r"exceeded quota|quota[ -]?exceeded|insufficient quota",
              _SLOW),
    ErrorKind("too-many-requests", "transient",
              r"too many requests|\b(http|status|error|code)\D{0,10}429\b|rate limit(ed| exceeded)|"
              r"throttl(ed|ing)", Backoff(2, 2, 120)),
    ErrorKind("conflict", "transient",
              r"operation cannot be fulfilled on .* has been modified|"
              r"\b(http|status|error|code)\D{0,10}409\b|\b409 conflict", _QUICK),
    ErrorKind("etcd-leader", "transient", r"etcdserver: leader changed|etcdserver: no leader"),
    ErrorKind("etcd-timeout", "transient", r"etcdserver: request timed out"),
    ErrorKind("request-too-large", "user",
              r"request (entity )?(is )?too large|etcdserver: request is too large|"
              r"\b(http|status|error|code)\D{0,10}413\b"),
    ErrorKind("api-refused", "transient", r"connection refused|ECONNREFUSED"),
    ErrorKind("tls-timeout", "transient", r"TLS handshake timeout"),
    ErrorKind("io-timeout", "transient", r"\bi/o timeout|connection timed out|read timed out|"
              r"context deadline exceeded"),
    ErrorKind("webhook-timeout", "transient", r"failed calling webhook"),
    ErrorKind("server-error", "transient",
              r"\b(http|status|error|code)\D{0,10}50[0234]\b|bad gateway|service unavailable|"
              r"gateway time-?out|the server is currently unable to handle the request"),
    # --- images ---
    ErrorKind("image-pull", "transient",
              r"ImagePullBackOff|ErrImagePull|toomanyrequests: .*pull|"
              r"received unexpected HTTP status: 5\d\d[\w ]*|registry.{0,60}\b50[0234]\b"),
    ErrorKind("image-unknown", "user",
              r"manifest unknown|manifest for \S+ not found|repository does not exist|"
              r"pull access denied|InvalidImageName|unauthorized: authentication required"),
    # --- pods and machines ---
    ErrorKind("pod-sandbox", "transient", r"FailedCreatePodSandBox"),
    ErrorKind("mount", "transient", r"FailedMount|FailedAttachVolume|unable to attach or mount"),
    ErrorKind("scheduling", "resource",
              r"FailedScheduling|\d+/\d+ nodes are available|Unschedulable", _SLOW),
    ErrorKind("evicted", "resource", r"\bevicted\b|the node was low on resource", _SLOW),
    ErrorKind("preempted", "transient", r"\bpreempt(ed|ing|ion)\b", _SLOW),
    ErrorKind("node-shutdown", "transient", r"NodeShutdown|node is shutting down|"
              r"imminent node shutdown|terminated in response to .*shutdown"),
    ErrorKind("node-lost", "transient", r"NodeLost|node is not ready|NodeNotReady|"
              r"node .*(was|is) lost|pod (was )?deleted"),
    ErrorKind(OUT_OF_MEMORY, "resource",
              r"OOMKilled|oom[-_ ]?kill|out of memory|MemoryError|cannot allocate memory|"
              r"lack of memory|bad_alloc|exit code 137\b", Backoff(1, 2, 60), 3),
    ErrorKind("temporary-failure", "transient", r"exit code 75\b"),
    ErrorKind("terminated", "transient", r"exit code 143\b|SIGTERM"),
    # --- networks and stores ---
    ErrorKind("dns", "transient",
              r"temporary failure in name resolution|name or service not known|no such host|"
              r"could not resolve host|getaddrinfo|EAI_AGAIN"),
    ErrorKind("slow-down", "transient", r"\bSlowDown\b|reduce your request rate|"
              r"\b503 slow down", Backoff(2, 2, 120)),
    ErrorKind("download-reset", "transient",
              r"connection (was )?(reset|aborted)|broken pipe|ECONNRESET|IncompleteRead|"
              r"unexpected EOF|connection broken|remote end closed connection"),
    # --- devices ---
    ErrorKind("gpu", "transient",
              r"\bNCCL\b.*(error|timeout|failure|failed)|nccl\w*error|\bXid\b|"
              r"CUDA error: (unspecified launch failure|an illegal instruction|device-side)|"
              r"GPU (has|is) (fallen off|lost)|uncorrectable ECC error"),
    ErrorKind("gpu-memory", "resource", r"CUDA out of memory|CUBLAS_STATUS_ALLOC_FAILED|"
              r"cudaErrorMemoryAllocation", Backoff(1, 2, 60), 3),
    # --- databases ---
    ErrorKind("deadlock", "transient", r"deadlock (detected|found)|was deadlocked", _QUICK),
    ErrorKind("serialization", "transient",
              r"could not serialize access|serialization failure|write-write conflict|"
              r"Conflict on (update|tuple deletion)|TransactionContext Error: .*conflict|"
              r"restart transaction", _QUICK),
    ErrorKind("database-connection", "transient",
              r"server closed the connection|connection to server .* (was lost|failed)|"
              r"lost connection to .*server|server has gone away|terminating connection|"
              r"connection already closed|SSL connection has been closed"),
    ErrorKind("database-busy", "transient", r"too many connections|too many clients|"
              r"database is locked|lock wait timeout"),
    # --- what only the user can mend ---
    ErrorKind("not-executable", "user", r"exec format error|exit code 12[67]\b|"
              r"executable file not found"),
    ErrorKind("not-allowed", "user",
              r"\b(http|status|error|code)\D{0,10}(400|401|403|404|405|422)\b|is forbidden: |"
              r"AccessDenied|invalid credentials"),
)  # fmt: skip

ERROR_KINDS: Mapping[str, ErrorKind] = {kind.name: kind for kind in _TABLE}


def kind_of(text: str) -> ErrorKind | None:
    """The kind of error that a text ends with; None where it tells of none that is known.

    Programs complain and go on: what they say last is what ended them. Of two kinds that end with
    the same words, the one that says more counts.
    """
    found: ErrorKind | None = None
    latest = (-1, 0)
    for kind, pattern in _patterns():
        for match in pattern.finditer(text):
            place = match.end(), -match.start()
            if place > latest:
                found, latest = kind, place
    return found


@cache
def _patterns() -> tuple[tuple[ErrorKind, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(kind.pattern, re.IGNORECASE)) for kind in _TABLE)

"""Errors as clusters, registries, networks and databases have told them, and their kinds."""

import pytest

from sqlml.workflow.error_kinds import ERROR_KINDS, kind_of

# Messages as they were recorded: of the API server, kubelet, registries, libraries, databases.
RECORDED = {
    "quota-exceeded": [
        'pods "train-x7" is forbidden: exceeded quota: compute, requested: requests.cpu=4, used: '
        "requests.cpu=14, limited: requests.cpu=16",
        "googleapi: Error 403: Quota 'NVIDIA_A100_GPUS' exceeded. quotaExceeded",
    ],
    "too-many-requests": [
        "the server has received too many requests and has asked us to try again later",
        "`http://127.0.0.1/x` answers with an error: HTTP 429 Too Many Requests",
        "openai.RateLimitError: Rate limit exceeded for requests",
    ],
    "conflict": [
        'Operation cannot be fulfilled on workflows.argoproj.io "w": the object has been modified; '
        "please apply your changes to the latest version and try again",
        'Reason: Conflict, HTTP response body: {... "code":409}',
    ],
    "etcd-leader": ["rpc error: code = Unavailable desc = etcdserver: leader changed"],
    "etcd-timeout": ["etcdserver: request timed out, possibly due to previous leader failure"],
    "request-too-large": [
        "etcdserver: request is too large",
        "Request entity too large: limit is 3145728",
    ],
    "api-refused": [
        "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host? "
        "dial tcp 10.0.0.1:6443: connect: connection refused",
        "requests.exceptions.ConnectionError: [Errno 111] Connection refused",
    ],
    "tls-timeout": ["Unable to connect to the server: net/http: TLS handshake timeout"],
    "io-timeout": [
        "dial tcp 10.96.0.1:443: i/o timeout",
        'Get "https://10.0.0.1:6443/api": context deadline exceeded',
        "urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool: Read timed out.",
    ],
    "webhook-timeout": [
        'Internal error occurred: failed calling webhook "v.kserve.io": Post '
        '"https://webhook.svc:443/x?timeout=10s": net/http: request canceled',
    ],
    "server-error": [
        "the server is currently unable to handle the request",
        "urllib.error.HTTPError: HTTP Error 502: Bad Gateway",
    ],
    "image-pull": [
        'Back-off pulling image "registry.example/worker:1": ImagePullBackOff',
        'Failed to pull image "x": received unexpected HTTP status: 503 Service Unavailable',
    ],
    "image-unknown": [
        "Error response from daemon: manifest for nosuch:tag not found: manifest unknown",
        "pull access denied for secret/thing, repository does not exist or may require login",
    ],
    "pod-sandbox": [
        "FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = "
        "failed to setup network for sandbox",
    ],
    "mount": [
        'FailedMount: MountVolume.SetUp failed for volume "pvc-1"',
        "Unable to attach or mount volumes: unmounted volumes=[data]",
    ],
    "scheduling": [
        "FailedScheduling: 0/5 nodes are available: 5 Insufficient nvidia.com/gpu.",
    ],
    "evicted": [
        "The node was low on resource: ephemeral-storage. Container main was using 12Gi",
        "Pod was Evicted",
    ],
    "preempted": ["Preempted by pod 2c1d on node node-3", "Preempting: spot instance"],
    "node-shutdown": [
        "Pod was terminated in response to imminent node shutdown.",
        "reason: NodeShutdown",
    ],
    "node-lost": ["NodeLost: node which was running pod is unresponsive: node gpu-7 was lost"],
    "out-of-memory": [
        "OOMKilled (exit code 137)",
        "numpy._core._exceptions._ArrayMemoryError: MemoryError: Unable to allocate 8 GiB",
        "`s` ended with signal 9 (SIGKILL), most likely for lack of memory",
        "`s` ended with exit code 137",
    ],
    "terminated": ["`s` ended with exit code 143", "`s` ended with signal 15 (SIGTERM)"],
    "dns": [
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "dial tcp: lookup minio.svc on 10.96.0.10:53: no such host",
        "curl: (6) Could not resolve host: example.org",
    ],
    "temporary-failure": ["`s` ended with exit code 75"],
    "slow-down": [
        "botocore.exceptions.ClientError: An error occurred (SlowDown) when calling the PutObject "
        "operation: Please reduce your request rate.",
        "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
    ],
    "download-reset": [
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        "urllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(512 bytes read)')",
        "error: RPC failed; curl 56 GnuTLS recv error: unexpected EOF",
    ],
    "gpu": [
        "torch.distributed.DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:1275, unhandled "
        "system error, NCCL version 2.18.1",
        "NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus.",
    ],
    "gpu-memory": ["torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"],
    "deadlock": [
        "psycopg.errors.DeadlockDetected: deadlock detected",
        "ERROR 1213 (40001): Deadlock found when trying to get lock; try restarting transaction",
    ],
    "serialization": [
        "ERROR: could not serialize access due to concurrent update",
        'TransactionContext Error: Catalog write-write conflict on create with "t"',
        "TransactionContext Error: Conflict on update!",
    ],
    "database-connection": [
        "psycopg.OperationalError: server closed the connection unexpectedly",
        "MySQLdb.OperationalError: (2013, 'Lost connection to MySQL server during query')",
        "FATAL: terminating connection due to administrator command",
    ],
    "database-busy": [
        "FATAL: sorry, too many clients already",
        "sqlite3.OperationalError: database is locked",
    ],
    "not-executable": ["exec /bin/train: exec format error", "`s` ended with exit code 127"],
    "not-allowed": [
        'jobs.batch is forbidden: User "system:anonymous" cannot create resource "jobs"',
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling GetObject",
        "`http://h/x` answers with an error: HTTP 404 Not Found",
    ],
}


def test_there_are_messages_of_every_kind() -> None:
    assert set(RECORDED) == set(ERROR_KINDS)


@pytest.mark.parametrize(
    ("kind", "message"), [(kind, each) for kind, told in RECORDED.items() for each in told]
)
def test_a_recorded_message_is_told_by_its_kind(kind: str, message: str) -> None:
    found = kind_of(message)
    assert found is not None
    assert found.name == kind
    assert kind_of(message.upper()) == found


@pytest.mark.parametrize(
    "message",
    [
        "",
        "ValueError: could not convert string to float: 'abc'",
        "ModuleNotFoundError: No module named 'torchh'",
        "AssertionError: 429 rows, 503 columns",
        "`s` ended with exit code 1",
        "SyntaxError: invalid syntax (line 409)",
        'Binder Error: Referenced column "clas" not found in FROM clause!',
        "KeyError: 'conflict'",
        "trained 404 rounds in 500 s",
    ],
)
def test_what_a_users_own_mistake_says_is_of_no_kind(message: str) -> None:
    assert kind_of(message) is None


def test_the_last_words_count() -> None:
    text = "warning: connection reset by peer, retrying\nOOMKilled"
    found = kind_of(text)
    assert found is not None
    assert found.name == "out-of-memory"
    other = kind_of("\n".join(reversed(text.split("\n"))))
    assert other is not None
    assert other.name == "download-reset"


def test_kinds_are_named_once_and_have_sound_limits() -> None:
    assert len(ERROR_KINDS) >= 28
    for name, kind in ERROR_KINDS.items():
        assert name == kind.name
        assert kind.limit >= 1
        assert kind.backoff.seconds > 0
        assert kind.backoff.factor >= 1

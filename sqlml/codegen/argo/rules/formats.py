"""What the values of single fields look like: choices, durations, quantities, expressions."""

import re
from collections.abc import Callable, Mapping

from sqlml.codegen.argo.rules.cron import cron_fault, timezone_fault
from sqlml.codegen.argo.rules.documents import Part
from sqlml.codegen.argo.rules.expressions import EXPRESSION, WHEN, Grammar, fault_of, without_tags
from sqlml.errors import Diagnostic, did_you_mean

_DURATION = re.compile(r"[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+|0")
_QUANTITY = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?\d+)?")
_WHOLE = re.compile(r"\d+")
_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")

CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RetryStrategy", "retryPolicy"): ("Always", "OnFailure", "OnError", "OnTransientError"),
    ("ResourceTemplate", "action"): ("get", "create", "apply", "delete", "replace", "patch"),
    ("ResourceTemplate", "mergeStrategy"): ("strategic", "merge", "json"),
    ("CronWorkflowSpec", "concurrencyPolicy"): ("Allow", "Replace", "Forbid"),
    ("PodGC", "strategy"): (
        "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess",
    ),
    ("VolumeClaimGC", "strategy"): ("OnWorkflowCompletion", "OnWorkflowSuccess"),
    ("ArtifactGC", "strategy"): ("OnWorkflowCompletion", "OnWorkflowDeletion", "Never"),
    ("WorkflowLevelArtifactGC", "strategy"): (
        "OnWorkflowCompletion", "OnWorkflowDeletion", "Never",
    ),
    ("WorkflowSpec", "dnsPolicy"): ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    ("WorkflowSpec", "shutdown"): ("Stop", "Terminate"),
    ("LabelSelectorRequirement", "operator"): ("In", "NotIn", "Exists", "DoesNotExist"),
    ("Toleration", "operator"): ("Exists", "Equal", "Lt", "Gt"),
    ("Toleration", "effect"): ("NoSchedule", "PreferNoSchedule", "NoExecute"),
    ("HTTP", "method"): (
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ),
    ("Gauge", "operation"): ("Set", "Add", "Sub"),
    ("PersistentVolumeClaimSpec", "accessModes"): (
        "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod",
    ),
    ("S3Artifact", "addressingStyle"): ("auto", "path", "virtual-hosted"),
}  # fmt: skip
_CONTAINERS = ("PodContainer", "ScriptTemplate", "UserContainer", "ContainerNode")
_PULL = ("Always", "IfNotPresent", "Never")
_DURATIONS = frozenset({
    ("Template", "timeout"), ("Template", "pendingTimeout"), ("Memoize", "maxAge"),
    ("Backoff", "duration"), ("Backoff", "maxDuration"), ("Backoff", "cap"),
    ("SuspendTemplate", "duration"), ("PodGC", "deleteDelayDuration"),
    ("ContainerSetRetryStrategy", "duration"),
})  # fmt: skip
_PLAIN_NUMBERS = frozenset({
    ("Backoff", "duration"), ("Backoff", "maxDuration"), ("Backoff", "cap"),
    ("SuspendTemplate", "duration"),
})  # fmt: skip  # seconds where no unit is given
_QUANTITIES = frozenset({
    ("ResourceRequirements", "limits"), ("ResourceRequirements", "requests"),
    ("VolumeResourceRequirements", "limits"), ("VolumeResourceRequirements", "requests"),
    ("EmptyDirVolumeSource", "sizeLimit"),
})  # fmt: skip
_WHOLE_NUMBERS = frozenset({
    ("RetryStrategy", "limit"), ("Template", "activeDeadlineSeconds"),
    ("Sequence", "count"), ("ContainerSetRetryStrategy", "retries"),
})  # fmt: skip
_SIGNED_NUMBERS = frozenset({("Sequence", "start"), ("Sequence", "end")})
_POSITIVE = frozenset({
    ("WorkflowSpec", "parallelism"), ("Template", "parallelism"),
    ("Template", "activeDeadlineSeconds"), ("WorkflowSpec", "activeDeadlineSeconds"),
})  # fmt: skip
_NOT_NEGATIVE = frozenset({
    ("CronWorkflowSpec", "startingDeadlineSeconds"), ("TTLStrategy", "secondsAfterCompletion"),
    ("TTLStrategy", "secondsAfterSuccess"), ("TTLStrategy", "secondsAfterFailure"),
})  # fmt: skip
_EXPRESSIONS: Mapping[tuple[str, str], Grammar] = {
    ("DAGTask", "when"): WHEN,
    ("WorkflowStep", "when"): WHEN,
    ("Prometheus", "when"): WHEN,
    ("CronWorkflowSpec", "when"): WHEN,
    ("RetryStrategy", "expression"): EXPRESSION,
    ("LifecycleHook", "expression"): EXPRESSION,
    ("StopStrategy", "expression"): EXPRESSION,
    ("LabelValueFrom", "expression"): EXPRESSION,
    ("ValueFrom", "expression"): EXPRESSION,
    ("ValueFrom", "event"): EXPRESSION,
    ("Event", "selector"): EXPRESSION,
    ("Artifact", "fromExpression"): EXPRESSION,
    ("TransformationStep", "expression"): EXPRESSION,
    ("HTTP", "successCondition"): EXPRESSION,
}


def format_fault(owner: str, key: str, part: Part) -> Diagnostic | None:
    """What is wrong with the value of a class's field, which is of the right type."""
    field, text = (owner, key), part.text
    if field in _EXPRESSIONS:
        return _expression_fault(key, part, _EXPRESSIONS[field])
    if "{{" in text or (not text and key != "schedules"):
        return None
    choices = _PULL if key == "imagePullPolicy" and owner in _CONTAINERS else CHOICES.get(field)
    if choices and text not in choices:
        hint = did_you_mean(text, choices) or f"the choices: {', '.join(choices)}"
        return Diagnostic("E0724", f"`{key}` cannot be `{text}`", part.span, hint=hint)
    for name, check in _CHECKS.items():
        if message := check(field, text):
            return Diagnostic("E0724", f"`{key}`: {message}", part.span, hint=_HINTS.get(name, ""))
    return None


def _expression_fault(key: str, part: Part, grammar: Grammar) -> Diagnostic | None:
    text = without_tags(part.text)
    if fault := fault_of(text, grammar):
        return Diagnostic("E0722", f"`{key}` is no expression: {fault}", part.span)
    return None


def _duration(field: tuple[str, str], text: str) -> str:
    if field not in _DURATIONS or _DURATION.fullmatch(text):
        return ""
    if field in _PLAIN_NUMBERS and _WHOLE.fullmatch(text):
        return ""
    return f"`{text}` is no time"


def _quantity(field: tuple[str, str], text: str) -> str:
    return (
        f"`{text}` is no quantity" if field in _QUANTITIES and not _QUANTITY.fullmatch(text) else ""
    )


def _number(field: tuple[str, str], text: str) -> str:
    signed = field in _SIGNED_NUMBERS
    if (field in _WHOLE_NUMBERS or signed) and not _WHOLE.fullmatch(text.lstrip("-" * signed)):
        return f"`{text}` is no whole number"
    return ""


def _positive(field: tuple[str, str], text: str) -> str:
    least = 1 if field in _POSITIVE else 0 if field in _NOT_NEGATIVE else None
    is_number = text.lstrip("-").isdecimal()
    return f"{text} is too small" if least is not None and is_number and int(text) < least else ""


def _factor(field: tuple[str, str], text: str) -> str:
    is_number = _WHOLE.fullmatch(text)
    return (
        f"`{text}` is no whole number" if field == ("Backoff", "factor") and not is_number else ""
    )


def _schedule(field: tuple[str, str], text: str) -> str:
    if field == ("CronWorkflowSpec", "schedules"):
        return cron_fault(text)
    return timezone_fault(text) if field == ("CronWorkflowSpec", "timezone") else ""


def _metric(field: tuple[str, str], text: str) -> str:
    named = field in (("Prometheus", "name"), ("MetricLabel", "key"))
    return (
        f"`{text}` cannot name a metric or label" if named and not _METRIC.fullmatch(text) else ""
    )


_CHECKS: Mapping[str, Callable[[tuple[str, str], str], str]] = {
    "duration": _duration,
    "quantity": _quantity,
    "number": _number,
    "positive": _positive,
    "factor": _factor,
    "schedule": _schedule,
    "metric": _metric,
}
_HINTS = {
    "duration": "a number and its unit, as `90s`, `5m` or `1h30m`",
    "quantity": "a number and perhaps its unit, as `500m`, `2` or `4Gi`",
    "schedule": "as `0 3 * * *` or `@daily`",
}

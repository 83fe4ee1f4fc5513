"""Search for good hyperparameters: an Experiment of Katib."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlml.couler.manifests import object_of, object_text
from sqlml.couler.outputs import StepOutputs
from sqlml.couler.run_templates import write_job
from sqlml.couler.steps.jobs import manifest_of
from sqlml.workflow.places import fault

_LOOP = re.compile(r"\{\{-?\s*range\s+\.\s*-?\}\}(.*?)\{\{-?\s*end\s*-?\}\}", re.DOTALL)
_REST = re.compile(r"[ \t]*\{\{-?\s*(?:with\s+\.HyperParameters|end)\s*-?\}\}[ \t]*\n?")
_OLDER = (".HyperParameters", "{{.Trial}}", "{{.NameSpace}}")
_NAMES = re.compile(
    r"\n[ \t]*(?:name|namespace):\s*[\"']?\{\{\s*\.(?:Trial|NameSpace)\s*\}\}[\"']?"
)


def run(  # noqa: PLR0917
    tuning_params: Sequence[Mapping[str, Any]] | None = None,
    objective: Mapping[str, Any] | None = None,
    success_condition: str | None = None,
    failure_condition: str | None = None,
    algorithm: str = "random",
    raw_template: Any = None,
    parallel_trial_count: int = 3,
    max_trial_count: int = 12,
    max_failed_trial_count: int = 3,
    timeout: Any = None,
    primary_container: str | None = None,
    retry: int | None = None,
    step_name: str | None = None,
) -> StepOutputs:
    """Run trials until the objective is reached or all are done; gives the experiment.

    tuning_params: dicts of a name and a range `[2, 10]` (of whole numbers if both are), or
    `choices`. objective: type (maximize or minimize), goal and metric_name. raw_template: the
    manifest of a trial's job, which takes `${trialParameters.NAME}`; the templates of older
    versions, with `.HyperParameters`, are understood.
    """
    if not tuning_params or not objective or not raw_template:
        raise fault("E0730", "a search needs `tuning_params`, `objective` and `raw_template`")
    names = [str(parameter.get("name", "")) for parameter in tuning_params]
    trial = {
        field: value
        for field, value in object_of(_today(raw_template, names)).items()
        if value is not None  # what is left of its names
    }
    spec = {
        "objective": _objective(objective),
        "algorithm": {"algorithmName": algorithm},
        "parallelTrialCount": parallel_trial_count,
        "maxTrialCount": max_trial_count,
        "maxFailedTrialCount": max_failed_trial_count,
        "parameters": [_parameter(parameter) for parameter in tuning_params],
        "trialTemplate": {
            "primaryContainerName": primary_container or _container(trial),
            "trialParameters": [{"name": name, "reference": name} for name in names],
            "trialSpec": trial,
        },
    }
    return write_job(
        lambda template: object_text(
            manifest_of("kubeflow.org/v1beta1", "Experiment", template, spec)
        ),
        lambda _template: {},
        conditions=(
            success_condition or f"status.trialsSucceeded >= {max_trial_count}",
            failure_condition or f"status.trialsFailed > {max_failed_trial_count}",
        ),
        timeout=timeout,
        retry=retry,
        step_name=step_name,
    )


def _objective(told: Mapping[str, Any]) -> dict[str, Any]:
    metric = told.get("metric_name") or told.get("objectiveMetricName")
    if not metric or told.get("type") not in ("maximize", "minimize"):
        hint = '{"type": "maximize", "goal": 0.99, "metric_name": "accuracy"}'
        raise fault("E0730", f"the objective cannot be {dict(told)!r:.80}", hint)
    goal = {"goal": float(told["goal"])} if told.get("goal") is not None else {}
    return {"type": told["type"], **goal, "objectiveMetricName": metric}


def _parameter(told: Mapping[str, Any]) -> dict[str, Any]:
    choices = told.get("choices", told.get("list"))
    span = told.get("range")
    if told.get("name") and choices:
        space: dict[str, Any] = {"list": [str(choice) for choice in choices]}
        kind = "categorical"
    elif told.get("name") and span and len(span) == 2:
        space = {"min": str(span[0]), "max": str(span[1])}
        kind = "int" if all(isinstance(end, int) for end in span) else "double"
    else:
        hint = (
            '{"name": "max_depth", "range": [2, 10]} or {"name": "booster", "choices": ["gbtree"]}'
        )
        raise fault("E0730", f"a parameter to tune cannot be {dict(told)!r:.80}", hint)
    return {"name": told["name"], "parameterType": kind, "feasibleSpace": space}


def _today(template: Any, names: list[str]) -> Any:
    """A trial's template, where it is of an older version in the terms of today's."""
    if not isinstance(template, str) or not any(word in template for word in _OLDER):
        return template

    def written_out(loop: re.Match[str]) -> str:
        lines = (
            loop[1].replace("{{.Name}}", name).replace("{{.Value}}", f"${{trialParameters.{name}}}")
            for name in names
        )
        return "".join(f"{line.rstrip()}" for line in lines) + "\n"

    today = _NAMES.sub("", _REST.sub("", _LOOP.sub(written_out, template)))
    return today.replace("{{.Trial}}", "trial")  # the name of a container


def _container(trial: Mapping[str, Any]) -> str:
    try:
        return str(trial["spec"]["template"]["spec"]["containers"][0]["name"])
    except (KeyError, IndexError, TypeError) as error:
        raise fault(
            "E0730",
            "the trial's job has no container with a name",
            "name the one that does the training: `primary_container=…`",
        ) from error

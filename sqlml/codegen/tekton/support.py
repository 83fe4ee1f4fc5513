"""What Tekton does with what workflows ask for."""

from collections.abc import Mapping

from sqlml.codegen.engine import CLUSTER_RESOURCE, FEATURES, SUB_WORKFLOW, Capability, Feature

_STORE = "pass it through the artifact store"
SUPPORT: Mapping[Feature, Capability] = {
    **{feature: Capability("lowered", "the step's own Python does it") for feature in FEATURES},
    "container": Capability(
        "lowered",
        "the image must have Python 3.10 or newer; its parameters have at most 3,500 bytes, "
        "of the 4,096 that Tekton has for the results of a pod",
    ),
    "script": Capability("lowered", "as of a container"),
    "parameter": Capability(
        "native",
        "text; Kubernetes turns `$$` in a value into `$`; there is no PipelineRun while one "
        "has no value: `tkn pipeline start NAME --param store=…`",
    ),
    "retry": Capability(
        "lowered", "the step's own Python does it; Tekton only where a pod is lost"
    ),
    "exit step": Capability("native", "`finally`"),
    "workflow timeout": Capability("native", "of its tasks; exit steps have their own time"),
    "resources": Capability("native"),
    "secret": Capability("native"),
    "volume": Capability("native", "a new claim becomes a workspace"),
    "placement": Capability("native"),
    "sub-workflow": SUB_WORKFLOW,
    "map over a known list": Capability("lowered", "all rounds run in one task"),
    "map over an output": Capability("lowered", "all rounds run in one task"),
    "repeat": Capability("lowered", "all rounds run in one task"),
    "suspend until resumed": Capability("refused", "give it a time, or split the workflow"),
    "cluster resource": CLUSTER_RESOURCE,
    "parallelism": Capability(
        "lowered", "steps wait for others, so that no more can run; exit steps run all at once"
    ),
    "schedule": Capability(
        "lowered",
        "a CronJob with one time makes the PipelineRuns, by a service account of its own",
    ),
    "file between steps": Capability("refused", _STORE),
    "file from a store": Capability("refused", "fetch it in a script"),
    "cache": Capability("refused", "leave it out"),
    "daemon": Capability("refused", "run the service outside of the workflow"),
}

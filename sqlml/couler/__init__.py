"""Couler's programming interface: `import sqlml.couler as couler`.

def flip_coin():
    return couler.run_script(image="python:3.12-alpine", source=random_code)

result = flip_coin()
couler.when(couler.equal(result, "heads"), lambda: heads())
couler.run()                                   # here; with ArgoSubmitter(), on a cluster
"""

from sqlml.couler.argo_manifest import workflow_yaml
from sqlml.couler.argo_submitter import ArgoSubmitter
from sqlml.couler.artifacts import (
    Artifact,
    create_gcs_artifact,
    create_git_artifact,
    create_hdfs_artifact,
    create_local_artifact,
    create_oss_artifact,
    create_parameter_artifact,
    create_s3_artifact,
)
from sqlml.couler.branches import when
from sqlml.couler.building import workflow
from sqlml.couler.conditions import (
    bigger,
    bigger_equal,
    equal,
    not_equal,
    smaller,
    smaller_equal,
)
from sqlml.couler.constants import (
    ArtifactType,
    CronWorkflowCRD,
    ImagePullPolicy,
    WFStatus,
    WorkflowCRD,
)
from sqlml.couler.core import states
from sqlml.couler.exits import set_exit_handler
from sqlml.couler.flow import forget as _cleanup
from sqlml.couler.flow import get_step_output
from sqlml.couler.local_submitter import LocalSubmitter
from sqlml.couler.loops import exec_while, map, map_
from sqlml.couler.order import dag, set_dependencies
from sqlml.couler.outputs import StepOutput, StepOutputs
from sqlml.couler.parallel import concurrent
from sqlml.couler.pods import (
    Cache,
    DnsConfig,
    DnsConfigOption,
    ImagePullSecret,
    Toleration,
    Volume,
    VolumeClaimTemplate,
    VolumeMount,
)
from sqlml.couler.run_templates import run_container, run_job, run_script
from sqlml.couler.secrets import Secret, create_secret, get_secret, obtain_secret
from sqlml.couler.submitting import (
    Submitter,
    WorkflowSubmitter,
    delete,
    run,
    set_default_submitter,
    submit,
)
from sqlml.couler.workflow_settings import (
    add_image_pull_secret,
    add_toleration,
    add_volume,
    config_defaults,
    config_workflow,
    create_workflow_volume,
    set_dns,
    set_security_context,
)

__all__ = [
    "ArgoSubmitter",
    "Artifact",
    "ArtifactType",
    "Cache",
    "CronWorkflowCRD",
    "DnsConfig",
    "DnsConfigOption",
    "ImagePullPolicy",
    "ImagePullSecret",
    "LocalSubmitter",
    "Secret",
    "StepOutput",
    "StepOutputs",
    "Submitter",
    "Toleration",
    "Volume",
    "VolumeClaimTemplate",
    "VolumeMount",
    "WFStatus",
    "WorkflowCRD",
    "WorkflowSubmitter",
    "_cleanup",
    "add_image_pull_secret",
    "add_toleration",
    "add_volume",
    "bigger",
    "bigger_equal",
    "concurrent",
    "config_defaults",
    "config_workflow",
    "create_gcs_artifact",
    "create_git_artifact",
    "create_hdfs_artifact",
    "create_local_artifact",
    "create_oss_artifact",
    "create_parameter_artifact",
    "create_s3_artifact",
    "create_secret",
    "create_workflow_volume",
    "dag",
    "delete",
    "equal",
    "exec_while",
    "get_secret",
    "get_step_output",
    "map",
    "map_",
    "not_equal",
    "obtain_secret",
    "run",
    "run_container",
    "run_job",
    "run_script",
    "set_default_submitter",
    "set_dependencies",
    "set_dns",
    "set_exit_handler",
    "set_security_context",
    "smaller",
    "smaller_equal",
    "states",
    "submit",
    "when",
    "workflow",
    "workflow_yaml",
]

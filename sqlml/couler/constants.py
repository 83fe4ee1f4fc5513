"""The words of Couler's programs: statuses, policies, kinds of artifacts."""

from enum import Enum


class WFStatus(Enum):
    """How a workflow can have ended."""

    Succeeded = "Succeeded"
    Failed = "Failed"
    Error = "Error"


class ImagePullPolicy(Enum):
    """When a cluster fetches an image."""

    IfNotPresent = "IfNotPresent"
    Always = "Always"
    Never = "Never"

    @classmethod
    def valid(cls, value: str) -> bool:
        return value in cls.__members__

    @classmethod
    def values(cls) -> list[str]:
        return list(cls.__members__)


class ArtifactType:
    """Where artifacts can lie."""

    LOCAL = "local"
    S3 = "s3"
    OSS = "oss"
    GCS = "gcs"
    HDFS = "hdfs"
    GIT = "git"


class WorkflowCRD:
    """How Kubernetes knows Argo's workflows."""

    PLURAL = "workflows"
    KIND = "Workflow"
    GROUP = "argoproj.io"
    VERSION = "v1alpha1"
    NAME_MAX_LENGTH = 45
    NAME_PATTERN = r"[a-z]([-a-z0-9]*[a-z0-9])?"


class CronWorkflowCRD(WorkflowCRD):
    """The same for workflows on a schedule."""

    PLURAL = "cronworkflows"
    KIND = "CronWorkflow"

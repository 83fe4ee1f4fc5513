"""`couler.core.constants`."""

from sqlml.couler.constants import (
    ArtifactType,
    CronWorkflowCRD,
    ImagePullPolicy,
    WFStatus,
    WorkflowCRD,
)

__all__ = ["ArtifactType", "CronWorkflowCRD", "ImagePullPolicy", "WFStatus", "WorkflowCRD"]

"""`couler.core.syntax.image_pull_secret`."""

from sqlml.couler.workflow_settings import add_image_pull_secret

__all__ = ["add_image_pull_secret"]

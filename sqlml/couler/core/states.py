"""`couler.core.states`: what is asked of the workflow being written."""

from sqlml.couler.flow import forget as _cleanup
from sqlml.couler.flow import get_step_output
from sqlml.couler.secrets import get_secret

__all__ = ["_cleanup", "get_secret", "get_step_output"]

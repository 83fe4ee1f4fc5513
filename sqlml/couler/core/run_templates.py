"""`couler.core.run_templates`."""

from sqlml.couler.run_templates import run_container, run_job, run_script

__all__ = ["run_container", "run_job", "run_script"]

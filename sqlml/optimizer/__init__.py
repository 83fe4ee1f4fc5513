"""Workflow to better workflow, one pass per file."""

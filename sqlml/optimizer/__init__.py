"""Workflow to better workflow, one pass per file; and what is known without running it."""

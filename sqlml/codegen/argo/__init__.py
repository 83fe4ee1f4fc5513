"""Argo Workflows: what a workflow becomes there, and what is wrong with a manifest."""

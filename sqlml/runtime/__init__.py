"""Runs a workflow."""

"""Kubeflow Pipelines: what a workflow becomes there."""

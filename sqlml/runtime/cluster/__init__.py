"""Runs a rendered workflow on a Kubernetes cluster, and follows it."""

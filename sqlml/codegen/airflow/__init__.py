"""Airflow: what a workflow becomes there."""

"""Ready-made steps: distributed jobs on Kubeflow, and models trained on tables."""

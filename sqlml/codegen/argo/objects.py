"""What objects of Argo are called, and how much one holds."""

API_VERSION = "argoproj.io/v1alpha1"
TASKS = 200  # of one graph
TEMPLATES = 200
PARAMETERS = 500  # of one template
BYTES = 2**20

"""What writes the statements of a plain script, by their operations."""

OPERATORS = {
    "Query": "query",
    "Train": "train",
    "Predict": "predict",
    "Evaluate": "evaluate",
    "Explain": "explain",
    "Check": "check",
    "Run": "run",
    "Solve": "solve",
    "Alter": "alter",
    "Manage": "manage",
}

"""The formulas behind the metric names, in plain numpy: scikit-learn takes a second to import."""

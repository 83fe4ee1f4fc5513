"""COLUMN functions: fitted once, stored with the model, replayed."""

"""The language server: programs checked, completed and explained while they are written."""

"""Workflows as plain scripts: programs, conditions, loops, calls, and how steps end."""

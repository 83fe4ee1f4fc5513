"""Runs that engines do: what is asked of each of them, and how they are followed."""

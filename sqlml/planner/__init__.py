"""Syntax tree to logical plan to workflow."""

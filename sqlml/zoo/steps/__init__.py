"""What steps do, one per file."""

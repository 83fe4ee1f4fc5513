"""What runs leave behind: models, runs, lineage."""

"""`python -m sqlml` is the `sqlml` command."""

from sqlml.cli.main import main

main()

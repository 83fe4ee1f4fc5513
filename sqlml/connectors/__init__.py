"""Doors for other programs: the interfaces by which Python and its libraries reach a database."""

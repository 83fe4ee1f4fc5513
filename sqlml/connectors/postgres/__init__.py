"""The door for PostgreSQL's clients: protocol 3.0 over TCP, in front of one database."""

"""How each kind of statement is checked and planned, one per file."""

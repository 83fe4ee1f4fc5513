"""How much memory to ask for, from what earlier steps of the same type have held."""

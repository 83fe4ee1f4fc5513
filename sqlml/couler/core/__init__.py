"""Couler's own paths of import; what they name lies one package higher."""

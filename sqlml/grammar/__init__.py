"""Text to syntax tree and back: `parser`, `printer`, `ast`. What SQL itself does: `queries`."""

"""Text to syntax tree and back: `parser` and `printer`; `ast` is the tree, `queries` knows SQL itself."""

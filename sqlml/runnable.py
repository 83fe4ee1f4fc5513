"""For programs that TO RUN starts: `from sqlml import runnable` or `import sqlml.runnable`."""

from sqlml.zoo.runnable import into, rows, write

__all__ = ["into", "rows", "write"]

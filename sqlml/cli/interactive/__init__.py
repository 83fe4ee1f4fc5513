"""The prompt of `sqlml repl`: reading, completing, running, showing."""

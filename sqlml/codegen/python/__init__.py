"""One plain script that does what a program does."""

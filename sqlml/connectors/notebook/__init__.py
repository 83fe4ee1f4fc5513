"""The door for notebooks: `%load_ext sqlml`, then `%sqlml` and `%%sqlml`."""

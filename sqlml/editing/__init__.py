"""What people who write a program want to see of it: completion, documentation, places."""

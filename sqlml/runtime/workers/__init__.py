"""The processes that steps run in, and what the driver and they tell each other."""

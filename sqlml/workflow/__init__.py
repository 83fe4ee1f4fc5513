"""The Couler IR: engine-neutral workflows."""

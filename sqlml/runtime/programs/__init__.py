"""Steps that are programs: scripts, containers, requests and waits, run from this machine."""

"""How the platform runs: what each server is, and two ways to start it."""

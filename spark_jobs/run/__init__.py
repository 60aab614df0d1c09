"""One step of a run and its record."""

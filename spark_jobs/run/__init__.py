"""One step of a run: its Spark session and its record."""

"""One entry point per verb; the only place with input and output."""

"""The tables and files of the data lake, without an engine."""

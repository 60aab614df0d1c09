"""Releases of the marts in PostgreSQL."""

"""Spark jobs: how a table comes to be."""

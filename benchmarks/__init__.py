"""Measurements that a person repeats with one command; results are in docs/measured.md."""

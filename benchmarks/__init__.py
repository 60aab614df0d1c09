"""Measurements that are repeated with one command; results are in docs/measured.md."""

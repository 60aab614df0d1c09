"""Comparing the shop, the lake and the warehouse with one another."""

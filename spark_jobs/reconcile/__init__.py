"""Comparisons of the shop, the lake and the warehouse."""

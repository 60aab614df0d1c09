"""Shops that can be loaded, and the live demo shop."""

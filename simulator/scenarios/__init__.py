"""Shops that can be loaded, and the demo shop that goes on living."""

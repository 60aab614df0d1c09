"""Declarations of all tables. Standard library only; imports none of our packages."""

"""Setup before anything is installed: `.env` and the Python environments. Standard library only."""

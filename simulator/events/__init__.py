"""Events of visitors, and their delivery to the platform."""

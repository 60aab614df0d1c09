"""The schedules of the platform."""

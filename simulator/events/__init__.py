"""What visitors do, as events, and how these reach the platform."""

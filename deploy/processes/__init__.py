"""Local mode: every server is an ordinary process on this machine."""

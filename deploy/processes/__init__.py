"""Local mode: every server as an ordinary process of this machine."""

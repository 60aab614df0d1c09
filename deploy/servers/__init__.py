"""Descriptions of the servers, independent of how they are started."""

"""Deployment: each server is described once, and there are two ways to start it."""

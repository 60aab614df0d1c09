"""Delay of an event from the gateway to bronze."""

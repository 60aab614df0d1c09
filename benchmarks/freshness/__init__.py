"""How long an event takes from the gateway to bronze."""

"""Reading the shop's MySQL and the event topics."""

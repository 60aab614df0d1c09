"""What the servers are, whichever way they are started."""

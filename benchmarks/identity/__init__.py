"""How long identity takes for how many ids."""

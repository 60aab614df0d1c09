"""Duration of identity resolution by number of ids."""

"""What silver and gold have in common when they are built: checks, quarantine, incremental commits."""

"""Build steps that silver and gold share: checks, quarantine, incremental commits."""

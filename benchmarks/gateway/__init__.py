"""How much one core of the gateway takes, beside a plain handler that only writes to Kafka."""

"""Throughput of the gateway on one core, compared with a plain handler that only writes to Kafka."""

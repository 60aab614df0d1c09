"""The engines: Apache Spark, or Sail inside the job. No other package knows the difference."""

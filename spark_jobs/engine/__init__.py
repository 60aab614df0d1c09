"""What computes: Apache Spark, or Sail inside the job. The only package that knows the difference."""

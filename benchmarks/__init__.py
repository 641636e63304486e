"""What is measured, and how; docs/benchmarks.md tells the method and the last figures."""

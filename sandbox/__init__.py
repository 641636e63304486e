"""A local Google, MySQL and Kafka, so that everything runs with no account."""

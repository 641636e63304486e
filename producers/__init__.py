"""MySQL binlog to Kafka, and sheet scans to Kafka."""

"""Kafka to MySQL, and Kafka to Sheet."""

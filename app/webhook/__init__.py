"""The public door: takes signed events of sheets, and answers once Kafka has them."""

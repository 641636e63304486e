"""Settings, links.yaml and the SQL of the twinsheet schema."""

"""The API under /api: what programs and the console's own pages ask."""

"""The private door: how everything is, for people and for monitoring."""

"""One file per outside system, each implementing a port of core."""

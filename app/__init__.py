"""Flask applications (webhook and console) and the command line."""

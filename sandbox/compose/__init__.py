"""What runs only inside docker compose: the set-up, the sample's link, and the health check of a container."""

"""The guard on one machine: an embedded AWS, a provider sandbox, and the real Lambda runtime."""

"""What the user has set: the environment, and the entries of the secret."""

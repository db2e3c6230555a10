"""The guard's own parts in AWS: the only users of boto3."""

"""The worker: loads one model once, then serves shards until its input closes."""

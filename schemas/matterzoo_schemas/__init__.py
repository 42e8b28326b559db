"""What crosses a container's wall: records, shards, events, exit codes, cards, environments."""

__version__ = "0.1.0"

SCHEMA_VERSION = 1
"""Version of the record and shard files; raised when a file of the old version would be misread."""

NUMERICS_EPOCH = 1
"""Raised by hand when the worker's pooling, batching or casting changes a number: old shards are then done again."""

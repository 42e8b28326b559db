"""What runs inside a container: the worker, and one short file a model family."""

__version__ = "0.1.0"

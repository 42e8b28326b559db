"""What runs on the host: readers, plan, runtimes, executors, gather, metrics."""

__version__ = "0.1.0"

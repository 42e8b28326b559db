"""Environments: where they lie, how they are locked, how their wheels are had."""

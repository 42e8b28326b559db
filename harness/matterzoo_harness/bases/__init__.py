"""Base images: made from Debian packages, or pulled from a registry."""

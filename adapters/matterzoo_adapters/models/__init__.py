"""One short file a model family; each is loaded by its file, and only where its package is installed."""

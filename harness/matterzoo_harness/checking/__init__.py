"""Check a model: by its files, by the conformance suite inside its environment, by its golden vectors."""

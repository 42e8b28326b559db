"""Ways of starting a worker: a container engine, or an isolated virtual environment."""

"""The catalogue and the front door: `import matterzoo as mz`."""

__version__ = "0.1.0"

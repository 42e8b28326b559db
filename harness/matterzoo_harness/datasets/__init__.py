"""Public data sets: described in a card each, fetched once, sampled without reading all of them."""

from matterzoo_harness.datasets.open import open_dataset

__all__ = ["open_dataset"]

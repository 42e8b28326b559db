"""Upkeep of what matterzoo holds on this machine: how much it is, what of it is in use, and freeing the rest."""

"""Holds the recipes: a module per kind of network, each with its `RECIPES`; `catalogue` joins them."""

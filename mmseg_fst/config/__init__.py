"""Configs: reading, checking and writing them."""

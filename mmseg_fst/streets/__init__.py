"""Procedural streets, the embedded data set in two domains."""

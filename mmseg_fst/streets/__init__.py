"""Procedural streets, the included data set in two domains."""

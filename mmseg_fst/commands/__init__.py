"""Command lines as functions."""

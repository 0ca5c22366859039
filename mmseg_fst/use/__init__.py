"""Trained networks: loading, predicting, exporting and sharing."""

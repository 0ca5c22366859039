"""The commands of tools/benchmark.py."""

"""Conversion of the parameter names of other libraries."""

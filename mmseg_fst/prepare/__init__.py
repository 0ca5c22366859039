"""Data sets on disk: survey, class lists, conversion, tasks."""

"""HTML report of runs."""
from .page import write_report
from .runs import choose_folders, find_methods

__all__ = ['choose_folders', 'find_methods', 'write_report']

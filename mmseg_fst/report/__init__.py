"""HTML report of runs."""
from .page import write_report
from .runs import find_methods

__all__ = ['find_methods', 'write_report']

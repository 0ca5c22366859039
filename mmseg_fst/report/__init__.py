"""A page that shows what runs have done."""
from .page import write_report
from .runs import find_methods

__all__ = ['find_methods', 'write_report']

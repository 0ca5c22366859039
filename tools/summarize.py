"""Print a table of finished runs: mmseg-fst summarize, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('summarize')

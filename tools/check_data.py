"""Show which data sets are complete: mmseg-fst check-data, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('check-data')

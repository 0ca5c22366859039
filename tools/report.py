"""Write one HTML page about runs: mmseg-fst report, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('report')

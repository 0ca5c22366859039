"""Plot logged values of runs: mmseg-fst plot-runs, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('plot-runs')

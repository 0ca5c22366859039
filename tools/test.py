"""Score the networks of a run: mmseg-fst test, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('test')

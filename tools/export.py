"""Export the network of a run: mmseg-fst export, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('export')

"""Train configs or the grid of a table: mmseg-fst train, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('train')

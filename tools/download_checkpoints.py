"""Download pretrained weights: mmseg-fst download, from a checkout."""
import sys

from mmseg_fst.commands import start

if __name__ == '__main__':
    start('download', ['checkpoints', *sys.argv[1:]])

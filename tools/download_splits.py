"""Download published splits: mmseg-fst download, from a checkout."""
import sys

from mmseg_fst.commands import start

if __name__ == '__main__':
    start('download', ['splits', *sys.argv[1:]])

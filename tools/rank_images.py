"""Rank unlabeled images: mmseg-fst rank-images, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('rank-images')

"""Predict images and videos with a run: mmseg-fst predict, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('predict')

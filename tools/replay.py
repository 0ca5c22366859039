"""Replay a step that was not finite: mmseg-fst replay, from a checkout."""
from mmseg_fst.commands import start

if __name__ == '__main__':
    start('replay')

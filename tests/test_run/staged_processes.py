"""A cell of stages in one of several processes; started by ``torchrun``.

Usage: staged_processes.py CELL OUT [--resume]
"""
import sys
from pathlib import Path

import torch

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / 'tests')]

from cells import load  # noqa: E402

from mmseg_fst.apis import train  # noqa: E402

if __name__ == '__main__':
    cell, out, *options = sys.argv[1:]
    torch.set_num_threads(1)
    cfg = load(cell, out)
    cfg.launcher = 'pytorch'
    train(cfg, resume=options == ['--resume'])

"""What launchers and users call."""
from .check import check_config
from .grid import plan_runs, read_grid, run_grid, set_split
from .launch import build_runner, prepare_processes
from .predict import (UnlabeledImages, label_images, load_network,
                      rank_images)
from .replay import Replay, replay
from .results import Score, format_scores, read_protocol, read_scores
from .resume import choose_checkpoint
from .stages import train_all, write_ranking
from .test import (drop_pretrained, find_checkpoint, find_config,
                   sorted_checkpoints, test)
from .train import load_config, read_config, train

__all__ = [
    'Replay', 'Score', 'UnlabeledImages', 'build_runner', 'check_config',
    'choose_checkpoint', 'drop_pretrained', 'find_checkpoint', 'find_config',
    'format_scores', 'label_images', 'load_config', 'load_network',
    'plan_runs', 'prepare_processes', 'rank_images', 'read_config',
    'read_grid', 'read_protocol', 'read_scores', 'replay', 'run_grid',
    'set_split', 'sorted_checkpoints', 'test', 'train', 'train_all',
    'write_ranking'
]

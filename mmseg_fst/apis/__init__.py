"""What launchers and users call."""
from .check import check_config
from .grid import plan_runs, read_grid, run_grid, set_split
from .launch import build_runner, prepare_processes
from .messages import merge_options, message_of, one_message
from .new_task import (Side, Task, class_problems, count_sizes,
                       draw_validation, without_copies, write_task)
from .predict import (UnlabeledImages, label_images, load_network,
                      rank_images)
from .results import Score, format_scores, read_protocol, read_scores
from .stages import train_all, write_ranking
from .task_configs import choose_view, config_texts
from .test import (drop_pretrained, find_checkpoint, find_config,
                   sorted_checkpoints, test)
from .train import load_config, read_config, train

__all__ = [
    'Score', 'Side', 'Task', 'UnlabeledImages', 'build_runner', 'check_config',
    'choose_view', 'class_problems', 'config_texts', 'count_sizes',
    'draw_validation', 'drop_pretrained', 'find_checkpoint', 'find_config',
    'format_scores', 'label_images', 'load_config', 'load_network',
    'merge_options', 'message_of', 'one_message', 'plan_runs',
    'prepare_processes', 'rank_images', 'read_config', 'read_grid',
    'read_protocol', 'read_scores', 'run_grid', 'set_split',
    'sorted_checkpoints', 'test', 'train', 'train_all', 'without_copies',
    'write_ranking', 'write_task'
]

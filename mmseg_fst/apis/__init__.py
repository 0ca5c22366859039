"""What launchers and users call."""
from .check import check_config
from .config_file import merge_options, open_config, save_config
from .export import Check, ExportedNetwork, export_model
from .grid import plan_runs, read_grid, run_grid, set_split
from .hub import pull_model, push_model
from .label import UnlabeledImages, label_images, rank_images
from .launch import build_runner, prepare_processes
from .load import load_model, load_network
from .new_task import (Side, Task, class_problems, count_sizes,
                       draw_validation, without_copies)
from .predict import Prediction, predict
from .predict_files import Report, predict_files
from .replay import Replay, replay
from .results import Score, format_scores, read_protocol, read_scores
from .resume import choose_checkpoint
from .sources import Source, find_sources
from .stages import train_all, write_ranking
from .task_configs import choose_view, config_texts
from .task_files import write_task
from .test import (drop_pretrained, find_checkpoint, find_config,
                   sorted_checkpoints, test)
from .train import load_config, read_config, train

__all__ = [
    'Check', 'ExportedNetwork', 'Prediction', 'Replay', 'Report', 'Score',
    'Side', 'Source', 'Task', 'UnlabeledImages', 'build_runner',
    'check_config', 'choose_checkpoint', 'choose_view', 'class_problems',
    'config_texts', 'count_sizes', 'draw_validation', 'drop_pretrained',
    'export_model', 'find_checkpoint', 'find_config', 'find_sources',
    'format_scores', 'label_images', 'load_config', 'load_model',
    'load_network', 'merge_options', 'open_config', 'plan_runs', 'predict',
    'predict_files', 'prepare_processes', 'pull_model', 'push_model',
    'rank_images', 'read_config', 'read_grid', 'read_protocol', 'read_scores',
    'replay', 'run_grid', 'save_config', 'set_split', 'sorted_checkpoints',
    'test', 'train', 'train_all', 'without_copies', 'write_ranking',
    'write_task'
]

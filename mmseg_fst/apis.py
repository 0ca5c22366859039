"""What launchers and users call."""
from mmseg_fst.config.check_config import check_config
from mmseg_fst.config.config_file import (
    merge_options,
    open_config,
    save_config,
)
from mmseg_fst.config.run_folder import (
    drop_pretrained,
    find_checkpoint,
    find_config,
    sorted_checkpoints,
)
from mmseg_fst.prepare.task import (
    Side,
    Task,
    class_problems,
    count_sizes,
    split_validation,
    without_copies,
)
from mmseg_fst.prepare.task_configs import config_texts
from mmseg_fst.prepare.task_files import write_task
from mmseg_fst.prepare.view import choose_view
from mmseg_fst.run.choose_checkpoint import choose_checkpoint
from mmseg_fst.run.comparison import compare_runs
from mmseg_fst.run.grid import plan_runs, read_grid, run_grid
from mmseg_fst.run.launch import build_runner, prepare_processes
from mmseg_fst.run.replay import Replay, replay
from mmseg_fst.run.run_config import load_config, read_config
from mmseg_fst.run.score_files import (
    Score,
    format_scores,
    read_protocol,
    read_scores,
)
from mmseg_fst.run.selection import best_without_labels
from mmseg_fst.run.stages import write_ranking
from mmseg_fst.run.test import test
from mmseg_fst.run.train import start_training, train
from mmseg_fst.use.export import Check, ExportedNetwork, export_model
from mmseg_fst.use.hub import pull_model, push_model
from mmseg_fst.use.label_images import (
    UnlabeledImages,
    label_images,
    rank_images,
)
from mmseg_fst.use.load import load_model, load_network
from mmseg_fst.use.predict import Prediction, predict
from mmseg_fst.use.predict_files import Report, predict_files
from mmseg_fst.use.sources import Source, find_sources

__all__ = [
    'Check', 'ExportedNetwork', 'Prediction', 'Replay', 'Report', 'Score',
    'Side', 'Source', 'Task', 'UnlabeledImages', 'best_without_labels',
    'build_runner', 'check_config', 'choose_checkpoint', 'choose_view',
    'class_problems', 'compare_runs', 'config_texts', 'count_sizes',
    'drop_pretrained', 'export_model', 'find_checkpoint', 'find_config',
    'find_sources', 'format_scores', 'label_images', 'load_config',
    'load_model', 'load_network', 'merge_options', 'open_config', 'plan_runs',
    'predict', 'predict_files', 'prepare_processes', 'pull_model',
    'push_model', 'rank_images', 'read_config', 'read_grid', 'read_protocol',
    'read_scores', 'replay', 'run_grid', 'save_config', 'sorted_checkpoints',
    'split_validation', 'start_training', 'test', 'train', 'without_copies',
    'write_ranking', 'write_task'
]

"""What launchers and users call."""
from .check import check_config
from .launch import prepare_processes
from .results import Score, format_scores, read_protocol, read_scores
from .test import drop_pretrained, find_checkpoint, find_config, test
from .train import load_config, train

__all__ = [
    'Score', 'check_config', 'drop_pretrained', 'find_checkpoint',
    'find_config', 'format_scores', 'load_config', 'prepare_processes',
    'read_protocol', 'read_scores', 'test', 'train'
]

"""Self-training by one call from Python: data, runs, scores, predictions."""
from .call import self_train
from .class_argument import Classes
from .errors import SelfTrainError
from .result import Paths, SelfTrainResult, load_result
from .stage_scores import NetworkScores, Scores

__all__ = [
    'Classes', 'NetworkScores', 'Paths', 'Scores', 'SelfTrainError',
    'SelfTrainResult', 'load_result', 'self_train'
]

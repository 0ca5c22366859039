"""A local page on which the networks of runs predict photos."""
from .photo_server import PhotoServer
from .shown_networks import ShownNetwork, ShownPrediction, load_networks

__all__ = ['PhotoServer', 'ShownNetwork', 'ShownPrediction', 'load_networks']

"""Fixtures for all tests."""
import os
from collections import Counter

import numpy as np
import pytest
import torch
from helpers import FIXTURES, make_camvid, make_streets, plain_configs
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from mmseg.visualization import SegLocalVisualizer
from process_server import ProcessServer

# A line for each initialized weight would hide the output of a failed test.
MMLogger.get_instance('mmengine', log_level='WARNING')


@pytest.hookimpl(trylast=True)  # after deselected tests are removed
def pytest_collection_modifyitems(items):
    """Put files with long tests first.

    Files are distributed in this order. If a file that takes minutes came
    last, the other processes would be idle.
    """
    seconds = Counter()
    for item in items:
        for mark, estimate in (('faults', 20), ('slow', 5)):
            if item.get_closest_marker(mark):
                seconds[item.path] += estimate
    items.sort(key=lambda item: -seconds[item.path])


@pytest.fixture(autouse=True)
def scope(request):
    """Isolate tests: default scope, one thread, fixed seeds, no shared state.
    """
    MessageHub.get_instance(request.node.nodeid)  # becomes the current hub
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)
    with DefaultScope.overwrite_default_scope('mmseg_fst'):
        yield
    # Instances are named by the second, so the next test could otherwise log
    # to the folder of this test.
    for visualizer in (Visualizer, SegLocalVisualizer):
        visualizer._instance_dict.clear()
    # Launchers set it for their process.
    os.environ.pop('TORCH_FORCE_WEIGHTS_ONLY_LOAD', None)


@pytest.fixture(scope='session', autouse=True)
def plain_config_text():
    """See :func:`helpers.plain_configs`."""
    with plain_configs():
        yield


@pytest.fixture(scope='session')
def process_server():
    """Starts several processes at once, without the time of their imports."""
    server = ProcessServer()
    yield server
    server.close()


@pytest.fixture
def streets(tmp_path):
    """Folder of tiny streets: 4 training and 2 validation images."""
    return make_streets(tmp_path / 'streets')


@pytest.fixture
def camvid(tmp_path):
    """Folder in the layout of CamVid: 4 training, 2 validation images."""
    return make_camvid(tmp_path / 'camvid')


@pytest.fixture(scope='session')
def recorded_ops():
    """Inputs and outputs recorded from the authors' release."""
    path = FIXTURES / 'ops_ref.pt'
    if not path.is_file():
        pytest.skip(f'{path} is missing: not compared with the recorded '
                    'operations of the release')
    return torch.load(path, weights_only=True)

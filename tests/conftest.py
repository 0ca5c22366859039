"""Fixtures for all tests."""
import os
from collections import Counter

import numpy as np
import pytest
import torch
from helpers import FIXTURES, make_camvid, make_streets
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from mmseg.visualization import SegLocalVisualizer

import mmseg_fst  # noqa: F401

# A line for each initialized weight would hide what a failed test says.
MMLogger.get_instance('mmengine', log_level='WARNING')


@pytest.hookimpl(trylast=True)  # what is left out is gone by then
def pytest_collection_modifyitems(items):
    """Put files with long tests first.

    Files are handed out in this order; one that takes minutes and comes last
    would leave the other processes with nothing to do.
    """
    seconds = Counter()
    for item in items:
        for mark, roughly in (('faults', 20), ('slow', 5)):
            if item.get_closest_marker(mark):
                seconds[item.path] += roughly
    items.sort(key=lambda item: -seconds[item.path])


@pytest.fixture(autouse=True)
def scope(request):
    """Look names up in ``mmseg_fst``; one thread; fixed global seeds; nothing
    is known of the runs of other tests."""
    MessageHub.get_instance(request.node.nodeid)  # is now the current one
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)
    with DefaultScope.overwrite_default_scope('mmseg_fst'):
        yield
    # Named by the second: the next test must not log into this one's folder.
    for one in (Visualizer, SegLocalVisualizer):
        one._instance_dict.clear()
    # Set by launchers, for their process.
    os.environ.pop('TORCH_FORCE_WEIGHTS_ONLY_LOAD', None)


@pytest.fixture(scope='session', autouse=True)
def plain_config_text():
    """Configs are written as they are.

    mmengine formats a config some twenty times in a run, which is most of the
    time of a short one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('yapf.yapflib.yapf_api.FormatCode',
                      lambda code, **options: (code, False))
        yield


@pytest.fixture
def streets(tmp_path):
    """Folder with tiny streets: 4 training and 2 validation images."""
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

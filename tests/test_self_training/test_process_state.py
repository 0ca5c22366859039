"""A call leaves the state of its process as it was."""
import logging
import multiprocessing
import os
import random
import sys
import warnings

import cv2
import numpy as np
import pytest
import torch
from mmengine.device import get_device
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope

from mmseg_fst.self_training import SelfTrainError
from mmseg_fst.self_training.process_state import (
    caller_state,
    on_device,
    output_to,
)


def state():
    """What a training changes."""
    return dict(
        python=random.getstate(), numpy=str(np.random.get_state()),
        torch=torch.get_rng_state().tolist(), environment=dict(os.environ),
        threads=cv2.getNumThreads(),
        method=multiprocessing.get_start_method(allow_none=True),
        cudnn=torch.backends.cudnn.benchmark, filters=list(warnings.filters),
        logger=MMLogger.get_current_instance().instance_name,
        hub=MessageHub.get_current_instance().instance_name,
        scope=DefaultScope.get_current_instance().instance_name,
        root=list(logging.getLogger().handlers))


def change_all(folder):
    random.random(), np.random.rand(), torch.rand(1)
    os.environ.update(A_NEW_NAME='1', HOME='elsewhere')
    cv2.setNumThreads(3)
    multiprocessing.set_start_method('spawn', force=True)
    torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
    warnings.simplefilter('error')
    MMLogger.get_instance('new', log_file=str(folder / 'new.log'))
    MessageHub.get_instance('new')
    DefaultScope.get_instance('new', scope_name='new')


@pytest.mark.parametrize('fails', [False, True])
def test_the_state_is_restored(tmp_path, fails):
    before = state()
    try:
        with caller_state():
            change_all(tmp_path)
            changed = state()
            handler, = (handler for handler
                        in MMLogger.get_current_instance().handlers
                        if isinstance(handler, logging.FileHandler))
            assert handler.stream is not None
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert fails
    after = state()
    for name, value in before.items():
        assert after[name] == value, name
    assert {name for name, value in before.items()
            if changed[name] != value} == set(before) - {'root'}
    assert handler.stream is None  # closed


def test_output_goes_to_a_file(tmp_path, capsys):
    for text in 'ab':
        with output_to(tmp_path / 'log.txt'):
            print(text)
            print(text.upper(), file=sys.stderr)
    assert (tmp_path / 'log.txt').read_text() == 'a\nA\nb\nB\n'
    assert capsys.readouterr() == ('', '')


def test_a_device_is_chosen():
    before = get_device()
    with on_device('cpu'):
        assert get_device() == 'cpu'
    assert get_device() == before


@pytest.mark.parametrize('name, message', [
    ('gpu', "device='gpu'"), ('cuda:99', r'PyTorch finds \d+ GPUs')])
def test_a_device_that_is_not_there_is_refused(name, message):
    with pytest.raises(SelfTrainError, match=message):
        with on_device(name):
            pass

"""Tests of reading checkpoints."""
import errno
import os
import pickle
import re
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.logging.history_buffer import HistoryBuffer
from mmengine.model import BaseModel, initialize
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint
from mmengine.runner.checkpoint import load_from_local
from torch import nn
from torch.utils.data import DataLoader

from mmseg_fst.utils.checkpoint import (
    UnsafeCheckpoint,
    damage_of,
    guard_loading,
    iteration_of,
    load_weights,
    read_checkpoint,
)


def network(width=3):
    return nn.Sequential(nn.Linear(2, width), nn.BatchNorm1d(width))


class Attack:
    """Runs a command when it is unpickled."""

    def __init__(self, path):
        self.command = f'touch {path}'

    def __reduce__(self):
        return os.system, (self.command, )


@pytest.mark.parametrize('plain', [False, True])
def test_code_in_a_checkpoint_is_not_run(tmp_path, plain):
    victim, path = tmp_path / 'victim', tmp_path / 'a.pth'
    content = dict(state_dict=network().state_dict(), extra=Attack(victim))
    if plain:
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path)
    with pytest.raises(ValueError) as error:
        read_checkpoint(str(path))
    assert str(path) in str(error.value)
    assert not victim.exists()
    torch.load(path, weights_only=False) if not plain else pickle.loads(
        path.read_bytes())
    assert victim.exists()  # the attack is a real one


def test_weights_are_read_as_they_were(tmp_path):
    model, path = network(), str(tmp_path / 'a.pth')
    torch.save(dict(state_dict=model.state_dict(), meta=dict(iter=4)), path)
    checkpoint = read_checkpoint(path)
    assert checkpoint['meta'] == dict(iter=4)
    other = network()
    load_weights(other, path)
    for loaded, saved in zip(other.state_dict().values(),
                         model.state_dict().values()):
        assert torch.equal(loaded, saved)


def test_a_plain_state_dict_is_a_checkpoint_too(tmp_path):
    model, path = network(), str(tmp_path / 'a.pth')
    torch.save(model.state_dict(), path)
    other = network()
    load_weights(other, path)
    assert torch.equal(other[0].weight, model[0].weight)


def test_logged_values_of_mmengine_are_read(tmp_path):
    """Values that mmengine's runner saves with the weights."""
    hub = MessageHub.get_instance('test_checkpoint')
    for value in (.5, np.float32(.25), np.float64(2), np.int64(7)):
        hub.update_scalar('train/loss', value)
    hub.update_info('iter', 4)
    hub.update_info('mIoU', np.float64(51.5))
    path = str(tmp_path / 'a.pth')
    torch.save(
        dict(
            state_dict=network().state_dict(), message_hub=hub.state_dict()),
        path)
    buffer = read_checkpoint(path)['message_hub']['log_scalars']['train/loss']
    assert isinstance(buffer, HistoryBuffer)
    np.testing.assert_allclose(buffer.data[0], [.5, .25, 2, 7])
    assert buffer.mean() == 9.75 / 4


def test_getattr_in_a_checkpoint_allows_no_other_attribute(tmp_path):
    """Logged values need four methods by name; others are refused."""

    class Lookup:

        def __reduce__(self):
            return getattr, (HistoryBuffer, '__init__')

    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict={}, extra=Lookup()), path)
    with pytest.raises(ValueError, match='a.pth') as error:
        read_checkpoint(path)
    # torch's message explains how to load the file unsafely.
    assert 'can still be loaded' not in str(error.value)


@pytest.mark.parametrize('share', [0, .01, .5, .99])
def test_a_damaged_file_is_named(tmp_path, share):
    path = tmp_path / 'a.pth'
    torch.save(network(40).state_dict(), path)
    content = path.read_bytes()
    path.write_bytes(content[:int(len(content) * share)])
    with pytest.raises(ValueError, match='it is damaged') as error:
        read_checkpoint(str(path))
    assert str(path) in str(error.value)


def test_a_text_file_is_named(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_text('version https://git-lfs.github.com/spec/v1\n')
    with pytest.raises(ValueError, match='a.pth'):
        read_checkpoint(str(path))


@pytest.mark.parametrize('content', [torch.zeros(3), [1, 2], 7])
def test_a_file_without_weights_is_named(tmp_path, content):
    path = str(tmp_path / 'a.pth')
    torch.save(content, path)
    with pytest.raises(ValueError, match='a.pth'):
        load_weights(network(), path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.pth'):
        read_checkpoint(str(tmp_path / 'none.pth'))


def teacherless(state):
    return {key: value for key, value in state.items() if key[0] == '0'}


@pytest.mark.parametrize('other', [
    lambda: network(4).state_dict(),
    lambda: teacherless(network().state_dict()),
    lambda: dict(network().state_dict(), more=torch.zeros(1)),
    lambda: {},
])
def test_weights_of_another_model_are_refused(tmp_path, other):
    """Wrong shapes, missing weights, superfluous weights, none at all."""
    path = str(tmp_path / 'a.pth')
    torch.save(dict(state_dict=other()), path)
    with pytest.raises(ValueError, match='another model') as error:
        load_weights(network(), path)
    assert path in str(error.value) and len(str(error.value)) < 600


def poisoned(tmp_path):
    """A checkpoint with good weights and a command, and its victim."""
    victim, path = tmp_path / 'victim', tmp_path / 'a.pth'
    torch.save(
        dict(state_dict=network().state_dict(), extra=Attack(victim)), path)
    return str(path), victim


def test_trust_loads_the_file_and_runs_its_code(tmp_path):
    path, victim = poisoned(tmp_path)
    with pytest.raises(UnsafeCheckpoint, match='--trust'):
        load_weights(network(), path)
    assert not victim.exists()
    load_weights(network(), path, trust=True)
    assert victim.exists()


@pytest.fixture
def restored_loader():
    """Restore the loader of mmengine afterwards."""
    loaders = CheckpointLoader._schemes.copy()
    yield
    CheckpointLoader._schemes = loaders


def test_mmengine_alone_runs_code_and_guarded_does_not(
        tmp_path, restored_loader):
    path, victim = poisoned(tmp_path)
    guard_loading()
    with pytest.raises(UnsafeCheckpoint, match='a.pth'):
        load_checkpoint(network(), path)
    with pytest.raises(UnsafeCheckpoint, match='a.pth'):
        initialize(
            network(), dict(type='Pretrained', checkpoint=path))
    assert not victim.exists()
    guard_loading(trust=True)
    load_checkpoint(network(), path)
    assert victim.exists()
    victim.unlink()
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    load_checkpoint(network(), path)
    assert victim.exists()  # otherwise the guard is no longer needed


def test_guarded_loading_reads_what_it_should(tmp_path, restored_loader):
    model, path = network(), str(tmp_path / 'a.pth')
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    guard_loading()
    other = network()
    load_checkpoint(other, path, map_location='cpu')
    assert torch.equal(other[0].weight, model[0].weight)


def test_classes_that_are_not_here_are_named(tmp_path):
    """Like the configs that mmcv 1.x could save with the weights."""
    path = tmp_path / 'a.pth'
    path.write_bytes(b'\x80\x02cmmcv.utils.config\nConfigDict\n)\x81.')
    for trust in (False, True):
        with pytest.raises(UnsafeCheckpoint, match='a.pth'):
            read_checkpoint(str(path), trust)


@pytest.mark.parametrize('name, iteration', [
    ('iter_80.pth', 80), ('best_student_mIoU_iter_4000.pth', 4000),
    ('iter_x.pth', None), ('my_iter_4.pth', None), ('iter_4.pth.old', None)])
def test_iterations_in_names(name, iteration):
    assert iteration_of(f'runs/iter_7.pth/{name}') == iteration


def test_metadata_of_mmcv_1_is_read(tmp_path):
    path = str(tmp_path / 'a.pth')
    meta = dict(
        iter=40000, CLASSES=('road', ), PALETTE=[[128, 64, 128]],
        hook_msgs=dict(best_score=np.float64(.69), best_ckpt='a.pth'),
        config='model = dict()', time='Sun', seed=np.int64(0))
    torch.save(dict(meta=meta, state_dict={}, optimizer={}), path)
    assert read_checkpoint(path)['meta']['hook_msgs']['best_score'] == .69


@pytest.mark.parametrize('trust', [False, True])
def test_python_in_a_checkpoint_is_not_run(tmp_path, restored_loader, trust):
    """Runner.resume of mmengine does so with the text of MMCV 1."""
    path, victim = str(tmp_path / 'a.pth'), tmp_path / 'victim'
    torch.save(
        dict(state_dict=nn.Linear(1, 1).state_dict(), message_hub=dict(
            log_scalars={}, runtime_info={}, resumed_keys={}),
             meta=dict(iter=0, epoch=0,
                       config=f"open({str(victim)!r}, 'w').close()")), path)
    guard_loading(trust)

    class Model(BaseModel):

        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1, 1))
            self.bias = nn.Parameter(torch.ones(1))

        def forward(self):
            raise NotImplementedError

    runner = Runner(
        Model(), str(tmp_path / 'run'), load_from=path, resume=True,
        train_dataloader=DataLoader([0]), optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=.1)), log_level='ERROR',
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=1),
        experiment_name=f'python_in_a_checkpoint_{trust}')
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.load_or_resume()
    assert victim.exists() == trust


@pytest.mark.parametrize('number', [errno.EIO, errno.ESTALE, errno.EMFILE])
@pytest.mark.parametrize('read', [damage_of, read_checkpoint])
def test_errors_of_the_disk_do_not_count_as_damage(
        tmp_path, monkeypatch, number, read):
    path = str(tmp_path / 'a.pth')
    torch.save(network().state_dict(), path)

    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(zipfile.ZipFile, 'testzip', fail)
    monkeypatch.setattr(torch, 'load', fail)
    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        read(path)


@pytest.mark.parametrize('legacy', [False, True])
def test_a_file_damaged_anywhere_is_named(tmp_path, legacy):
    """At random positions, for whatever error the unpickler raises."""
    path = tmp_path / 'damaged.pth'
    torch.save(
        dict(state_dict=dict(weight=torch.ones(3))),
        path,
        _use_new_zipfile_serialization=not legacy)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 4):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            read_checkpoint(str(path))
        except ValueError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 10


def test_code_from_the_net_is_not_run(tmp_path, restored_loader,
                                      monkeypatch):
    """torch.hub alone would run code in a file."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))
    path, victim = poisoned(tmp_path)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_port}/{os.path.basename(path)}'
    try:
        guard_loading()
        with pytest.raises(pickle.UnpicklingError):
            load_checkpoint(network(), url)
        assert not victim.exists()
        guard_loading(trust=True)
        load_checkpoint(network(), url)
        assert victim.exists()  # the attack is a real one
    finally:
        server.shutdown()


def test_damage_anywhere_in_a_file_is_found(tmp_path):
    """Also in the table of contents, and if the file is truncated."""
    path = tmp_path / 'a.pth'
    torch.save(dict(weight=torch.ones(3)), path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(300):
        damaged = bytearray(whole)
        # The table is the last quarter.
        for place in rng.integers(len(whole) * 3 // 4, len(whole), 3):
            damaged[place] = rng.integers(256)
        path.write_bytes(damaged[:rng.integers(1, 3 * len(whole))])
        found += damage_of(str(path)) is not None
    assert found > 200

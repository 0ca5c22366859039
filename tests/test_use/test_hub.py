"""Models as the Hugging Face Hub has them, without the Hub."""
import json
import pickle
import runpy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from bad_files import Code
from fake_run import META, co_training_cfg, make_run
from helpers import REPOSITORY, image_of, model_cfg, random_label
from safetensors.torch import load_file

from mmseg_fst.apis import load_model, predict, pull_model, push_model
from mmseg_fst.use import hub
from mmseg_fst.utils.checkpoint import UnsafeCheckpoint

FILES = {'README.md', 'config.json', 'model.safetensors'}


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    step = dict(type='Resize', scale=(64, 32), keep_ratio=True)
    return make_run(tmp_path_factory.mktemp('runs') / 'plain', steps=[step])


@pytest.fixture
def image():
    rng = np.random.default_rng(0)
    return image_of(rng, random_label(rng, (32, 64)))


def same(model, other, image):
    """Whether both predict the same."""
    return all(
        (first.probabilities == two.probabilities).all() for first, two in zip(
            predict(model, image, with_probabilities=True),
            predict(other, image, with_probabilities=True)))


@pytest.mark.parametrize('network', ['student', 'teacher'])
def test_one_network_goes_there_and_back(run, image, tmp_path, network):
    model = load_model(str(run), 'cpu', network)
    folder = tmp_path / 'pushed'
    assert push_model(model, str(folder)) == str(folder)
    assert {path.name for path in folder.iterdir()} == FILES
    weights = load_file(folder / 'model.safetensors')
    assert {key.split('.')[0] for key in weights} == {'student'}
    pulled = pull_model(str(folder), 'cpu')
    assert pulled.dataset_meta == META and pulled.teacher is None
    assert same(model, pulled, image)
    # What was pulled can be pushed again.
    push_model(pulled, str(tmp_path / 'again'))
    for name in ('config.json', 'model.safetensors'):
        first, second = folder / name, tmp_path / 'again' / name
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize('network', ['b', 'ensemble'])
def test_students_of_co_training(image, tmp_path, network):
    run = make_run(tmp_path / 'run', co_training_cfg())
    model = load_model(str(run), 'cpu', network)
    push_model(model, str(tmp_path / 'pushed'))
    assert same(model, pull_model(str(tmp_path / 'pushed'), 'cpu'), image)


def test_others_may_read_what_is_pushed(run, tmp_path):
    push_model(load_model(str(run), 'cpu'), str(tmp_path))
    # safetensors alone would make a file that is its owner's.
    assert len({path.stat().st_mode for path in tmp_path.iterdir()}) == 1


def test_protocol_and_layout_are_kept(image, tmp_path):
    run = make_run(
        tmp_path / 'run',
        model_cfg(protocol=dict(type='WholeImage', multiple_of=16)))
    model = load_model(str(run), 'cpu', windows=(32, 16))
    model.to(memory_format=torch.channels_last)
    push_model(model, str(tmp_path / 'pushed'))
    pulled = pull_model(str(tmp_path / 'pushed'), 'cpu')
    assert pulled.protocol_name == model.protocol_name
    assert 'sliding windows 32' in pulled.protocol_name


def test_a_card_of_ones_own_is_kept(run, tmp_path):
    (tmp_path / 'README.md').write_text('mine')
    push_model(load_model(str(run), 'cpu'), str(tmp_path))
    assert (tmp_path / 'README.md').read_text() == 'mine'


@pytest.mark.parametrize('name', [
    'iter_4.pth', 'best_student_mIoU_iter_4.pth', 'results.json'])
def test_a_run_is_not_written_over(run, tmp_path, name):
    folder = tmp_path / 'run[1]'
    folder.mkdir()
    for file in (name, 'config.json'):
        (folder / file).write_text('mine')
    with pytest.raises(ValueError, match='Give another folder'):
        push_model(load_model(str(run), 'cpu'), str(folder))
    assert (folder / 'config.json').read_text() == 'mine'
    assert len(list(folder.iterdir())) == 2


def test_the_hub_gets_and_gives_nothing_but_these(run, image, tmp_path,
                                                  monkeypatch):
    calls = []

    class Api:

        def create_repo(self, repository, private, exist_ok):
            calls.append((repository, private, exist_ok))

        def upload_folder(self, repo_id, folder_path, allow_patterns):
            calls.append((repo_id, folder_path, set(allow_patterns)))
            return 'https://address'

    def download(place, revision, allow_patterns):
        calls.append((place, revision, set(allow_patterns)))
        return str(tmp_path)

    monkeypatch.setattr(hub, 'huggingface_hub', SimpleNamespace(
        HfApi=Api, snapshot_download=download))
    model = load_model(str(run), 'cpu')
    address = push_model(model, str(tmp_path), 'me/mine')
    assert address == 'https://address'
    assert "pull_model('me/mine')" in (tmp_path / 'README.md').read_text()
    pulled = pull_model('me/mine', 'cpu', revision='v1')
    assert same(model, pulled, image)
    assert calls == [
        ('me/mine', True, True), ('me/mine', str(tmp_path), FILES),
        ('me/mine', 'v1', FILES - {'README.md'})
    ]


@pytest.mark.parametrize('name', ['config.json', 'model.safetensors'])
def test_what_is_missing_is_named(run, tmp_path, name):
    push_model(load_model(str(run), 'cpu'), str(tmp_path))
    (tmp_path / name).unlink()
    (tmp_path / 'fst.py').write_text('raise SystemExit')  # never run
    with pytest.raises(FileNotFoundError, match=f'has no {name}'):
        pull_model(str(tmp_path))


def test_what_somebody_else_wrote_is_not_run(run, tmp_path):
    push_model(load_model(str(run), 'cpu'), str(tmp_path))
    path = tmp_path / 'config.json'
    content = json.loads(path.read_text())
    content['model']['segmentor']['backbone'] = dict(
        type='os.system', command=f'touch {tmp_path / "victim"}')
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='os.system'):
        pull_model(str(tmp_path))
    assert not (tmp_path / 'victim').exists()


def test_weights_of_classes_are_not_unpickled(run, tmp_path, capsys):
    """MMSegmentation takes text for a file, maybe one of the net."""
    weights = tmp_path / 'weights.pkl'
    push_model(load_model(str(run), 'cpu'), str(tmp_path))
    weights.write_bytes(pickle.dumps(Code()))
    path = tmp_path / 'config.json'
    content = json.loads(path.read_text())
    content['model']['segmentor']['decode_head']['loss_decode'] = dict(
        type='CrossEntropyLoss', class_weight=str(weights))
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='class_weight=.*weights.pkl'):
        pull_model(str(tmp_path))
    assert 'poison' not in capsys.readouterr().out
    pickle.loads(weights.read_bytes())
    assert 'poison' in capsys.readouterr().out  # the attack is a real one


def test_damaged_weights_are_named(run, tmp_path):
    push_model(load_model(str(run), 'cpu'), str(tmp_path))
    path = tmp_path / 'model.safetensors'
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UnsafeCheckpoint, match='model.safetensors'):
        pull_model(str(tmp_path))


def test_the_command_line(run, image, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr('sys.argv', [
        'push.py', str(run), '--out', str(tmp_path), '--network', 'teacher'])
    runpy.run_path(str(REPOSITORY / 'tools' / 'push.py'), run_name='__main__')
    assert capsys.readouterr().out.strip() == str(tmp_path)
    assert same(load_model(str(run), 'cpu', 'teacher'),
                pull_model(str(tmp_path), 'cpu'), image)

"""The model card that tools/push.py writes."""
import json

import pytest
import yaml
from fake_run import make_run

from mmseg_fst.apis import load_model, push_model
from mmseg_fst.use.model_card import write_card


@pytest.fixture
def model(tmp_path):
    step = dict(type='Resize', scale=(64, 32), keep_ratio=True)
    return load_model(str(make_run(tmp_path / 'run', steps=[step])), 'cpu')


def with_scores(model, folder, name):
    """Let a model come from a folder with scores."""
    classes = model.dataset_meta['classes']
    scores = {key: dict(IoU=40., Dice=57.1, precision=50., recall=None)
              for key in classes}
    scores[classes[0]]['IoU'] = 0.
    (folder / 'results.json').write_text(json.dumps(dict(
        data=dict(name='Streets', split='val', images=60),
        classes={'4': dict(student=scores)})))
    model.checkpoint = str(folder / name)
    return write_card(model, 'OWNER/NAME')


def test_scores_by_class_and_limits_are_stated(model, tmp_path):
    card = with_scores(model, tmp_path, 'best_student_mIoU_iter_4.pth')
    first, *others = model.dataset_meta['classes']
    assert f'| {first} | 0.0 | 57.1 | 50.0 | - |' in card
    assert f'| {others[0]} | 40.0 |' in card
    assert f'It has not learned {first}: IoU 0.0.' in card
    assert '60 images of Streets, val, the student at iteration 4' in card
    assert 'scores are optimistic' in card
    count = len(others)
    assert f'**{40 * count / (count + 1):.1f}**' in card
    assert "pull_model('OWNER/NAME')" in card


def test_the_last_checkpoint_was_not_selected(model, tmp_path):
    card = with_scores(model, tmp_path, 'iter_4.pth')
    assert 'optimistic' not in card


def test_data_and_method_come_from_the_config(model):
    model.cfg.train_dataloader = dict(dataset=dict(sides=dict(
        labeled=dict(type='StreetsDataset', data_root='/secret/data/streets',
                     ann_file='train.txt'),
        unlabeled=dict(type='ConcatDataset', datasets=[
            dict(type='UnlabeledFolderDataset', data_root='',
                 data_prefix=dict(img_path='/my/photos'))]))))
    model.cfg.train_cfg = dict(max_iters=500)
    card = write_card(model, 'x')
    assert '* `labeled`: StreetsDataset (streets, train.txt)' in card
    assert '* `unlabeled`: UnlabeledFolderDataset (photos)' in card
    assert '500 iterations' in card
    assert 'secret' not in card  # paths of a machine are not published


def test_what_is_missing_is_said(model, tmp_path):
    model.checkpoint = str(tmp_path / 'iter_4.pth')
    card = write_card(model, 'x')
    assert card.count('Not recorded') >= 1
    assert 'the\nlicense of the weights depends' in card


def test_the_metadata_are_yaml(model, tmp_path):
    push_model(model, str(tmp_path / 'pushed'))
    text = (tmp_path / 'pushed' / 'README.md').read_text()
    _, metadata, _ = text.split('---\n', 2)
    assert yaml.safe_load(metadata)['license'] == 'unknown'

"""Wrong lists stop a run before it begins, by name and with a hint."""
import pytest
from fake_ssl import make_camvid_ssl
from mmengine.config import Config

from mmseg_fst.apis import check_config
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.files import save_lines

LABELED, UNLABELED = (
    f'splits/train_1_16_seed0_{side}.txt' for side in ('labelled',
                                                       'unlabelled'))


@pytest.fixture
def root(tmp_path):
    return make_camvid_ssl(tmp_path / 'camvid', train=6)


def side_cfg(root, ann_file, labeled):
    prefix = dict(img_path='images')
    if labeled:
        prefix['seg_map_path'] = 'labels'
    return dict(
        type='CamVidDataset',
        data_root=str(root),
        ann_file=ann_file,
        data_prefix=prefix,
        serialize_data=False)


def paired(root, **options):
    return dict(
        type='PairedDataset',
        sides=dict(
            labeled=side_cfg(root, LABELED, True),
            unlabeled=side_cfg(root, UNLABELED, False)),
        **options)


def message_of(cfg, error):
    with pytest.raises(error) as caught:
        DATASETS.build(cfg)
    return str(caught.value)


def test_the_right_lists_pass(root):
    data = DATASETS.build(
        paired(root, disjoint=True, expected=dict(labeled=3, unlabeled=3)))
    assert data.lengths['labeled'] == data.lengths['unlabeled'] == 3


@pytest.mark.parametrize('side, ann_file', [('labeled', LABELED),
                                            ('unlabeled', UNLABELED)])
def test_a_list_of_another_fraction(root, side, ann_file):
    cfg = paired(root, expected=dict(labeled=3, unlabeled=3))
    cfg['expected'][side] = 2
    message = message_of(cfg, ValueError)
    assert str(root / ann_file) in message and f'The {side} side' in message
    assert '3 images' in message and 'expects 2' in message
    assert f'expected=dict({side}=3)' in message


def test_an_image_that_is_named_twice_counts_once(root):
    names = (root / LABELED).read_text().split()
    save_lines(root / LABELED, names[:1] + names[:2])
    message = message_of(paired(root, expected=dict(labeled=3)), ValueError)
    assert '3 images (2 different)' in message


def test_a_count_of_no_side(root):
    message = message_of(paired(root, expected=dict(labled=3)), ValueError)
    assert "'labled'" in message and 'unlabeled' in message


def test_lists_that_overlap(root):
    names = (root / LABELED).read_text().split()
    with open(root / UNLABELED, 'a') as file:
        file.write(f'{names[1]}\n')
    assert DATASETS.build(paired(root)).lengths['unlabeled'] == 4  # allowed
    message = message_of(paired(root, disjoint=True), ValueError)
    for part in (str(root / LABELED), str(root / UNLABELED),
                 f'{names[1]}.jpg', 'make_splits.py', '1 images'):
        assert part in message


def test_without_an_unlabeled_side_nothing_is_asked_of_it(root):
    cfg = paired(root, disjoint=True, expected=dict(labeled=3, unlabeled=3))
    cfg['sides']['unlabeled'] = None
    assert len(DATASETS.build(cfg)) == 3


@pytest.mark.parametrize('ann_file', [LABELED, UNLABELED])
@pytest.mark.parametrize('line', [
    'train_999', 'images/train_000.jpg', 'images/train_000.jpg labels/a.png'
])
def test_an_id_without_image(root, ann_file, line):
    with open(root / ann_file, 'a') as file:
        file.write(f'{line}\n')
    message = message_of(paired(root), FileNotFoundError)
    assert str(root / ann_file) in message and f'{line}.jpg' in message
    side = 'labeled' if ann_file == LABELED else 'unlabeled'
    assert f'of the {side} side names 4 images, but 1' in message
    assert "'.jpg'" in message


def test_a_missing_mask(root):
    name = (root / LABELED).read_text().split()[1]
    path = root / 'labels' / f'{name}.png'
    path.unlink()
    message = message_of(paired(root, disjoint=True), FileNotFoundError)
    assert str(path) in message and str(root / LABELED) in message


@pytest.mark.parametrize('family', ['u2pl', 'stpp'])
def test_a_missing_published_list_says_how_to_get_it(root, family):
    cfg = paired(root)
    cfg['sides']['labeled']['ann_file'] = f'splits/{family}/662/labeled.txt'
    with pytest.raises(FileNotFoundError) as caught:
        check_config(Config(cfg))
    message = str(caught.value)
    assert message.startswith('sides.labeled.ann_file: there is no file ')
    assert f'sh tools/download_splits.sh {family}' in message


def test_lists_are_checked_by_path_not_by_name(root):
    """The same photos reached over another folder of the config."""
    cfg = paired(root, disjoint=True)
    cfg['sides']['unlabeled'].update(
        ann_file=str(root / LABELED), data_root=str(root / 'labels/..'))
    assert '3 images are on both sides' in message_of(cfg, ValueError)

"""The statistics of DCT maps: recomputed values and shipped files."""
import numpy as np
import pytest
import torch
from helpers import REPOSITORY, load_tool
from mmengine.config import Config
from PIL import Image

from mmseg_fst.ops import dct_coefficients

FOLDER = REPOSITORY / 'configs/_base_/dct_statistics'
dct_stats = load_tool('dct_stats.py')

CONFIG = '''
data_preprocessor = dict(bgr_to_rgb=True)
pipeline = [
    dict(type='LoadWholeImage'),
    dict(type='RandomCrop', crop_size=(24, 40)),
    dict(type='PackSegInputs')
]
side = dict(
    type='CamVidDataset', data_root={root!r}, ann_file='splits/train.txt',
    data_prefix=dict(img_path='images'), pipeline=pipeline)
train_dataloader = dict(
    dataset=dict(type='PairedDataset',
                 sides=dict(labeled=side, unlabeled={unlabeled})))
'''


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the program and return the config that it writes."""
    def call(*args):
        out = tmp_path / 'out' / 'stats.py'
        monkeypatch.setattr('sys.argv', ['dct_stats.py', *map(str, args),
                                         '--out', str(out)])
        dct_stats.main()
        return Config.fromfile(str(out))
    return call


def moments(images):
    """Compute the moments over all blocks of all images with NumPy."""
    blocks = np.concatenate([
        dct_coefficients(
            torch.from_numpy(image.transpose(2, 0, 1).copy())[None])
        .double().numpy()[0].reshape(64, -1) for image in images
    ], 1)
    return blocks.mean(1), blocks.std(1)


def assert_close(cfg, expected):
    """Compare with a tolerance, as values are written with 4 digits."""
    for name, numbers in zip(('dct_mean', 'dct_std'), expected):
        assert len(cfg[name]) == 64
        np.testing.assert_allclose(cfg[name], numbers, rtol=1e-3, atol=1e-9)


def test_statistics_of_a_list_of_images(run, tmp_path):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*size, 3), dtype=np.uint8)
              for size in ((16, 24), (33, 18))]
    for index, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f'{index}.png')
    (tmp_path / 'list.txt').write_text('0.png\n1.png\n')
    assert_close(run('--list', tmp_path / 'list.txt', '--root', tmp_path),
                 moments(images))


@pytest.mark.parametrize('unlabeled', ['None', 'side'])
def test_statistics_of_the_training_images_of_a_config(run, camvid, tmp_path,
                                                       unlabeled):
    """Images are read through the pipelines and depend on the seed."""
    config = tmp_path / 'config.py'
    config.write_text(CONFIG.format(root=str(camvid), unlabeled=unlabeled))
    got = run(config, '--seed', 1)
    np.random.seed(1)
    images = dct_stats.training_images(str(config))
    assert images.count == (4 if unlabeled == 'None' else 8)
    arrays = [images.load(i)[0].permute(1, 2, 0).numpy()
              for i in range(images.count)]
    assert arrays[0].shape == (24, 40, 3)
    assert_close(got, moments(arrays))
    assert run(config, '--seed', 1).dct_mean == got.dct_mean
    assert run(config, '--seed', 2).dct_mean != got.dct_mean


def test_channels_of_a_config_are_rgb(camvid, tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    for path in (camvid / 'images').glob('train*'):
        Image.fromarray(red).save(path, quality=100)
    config = tmp_path / 'config.py'
    config.write_text(CONFIG.format(root=str(camvid), unlabeled='None'))
    image = dct_stats.training_images(str(config)).load(0)
    assert image.shape == (1, 3, 24, 40) and image.dtype == torch.uint8
    assert image[0, 0].min() > 190 and image[0, 1:].max() < 10


def test_images_without_statistics_are_refused(run, tmp_path):
    Image.new('L', (32, 32), 9).save(tmp_path / 'a.png')
    (tmp_path / 'list.txt').write_text('a.png\n')
    with pytest.raises(ValueError, match='Channels.*colored'):
        run('--list', tmp_path / 'list.txt', '--root', tmp_path)
    (tmp_path / 'list.txt').write_text('b.png\n')
    with pytest.raises(FileNotFoundError, match='b.png is missing.*--root'):
        run('--list', tmp_path / 'list.txt', '--root', tmp_path)
    (tmp_path / 'list.txt').write_text('\n')
    with pytest.raises(ValueError, match='no images'):
        run('--list', tmp_path / 'list.txt')
    with pytest.raises(SystemExit):
        run()


@pytest.mark.parametrize('path', sorted(FOLDER.glob('*.py')),
                         ids=lambda path: path.stem)
def test_shipped_statistics_are_plausible(path):
    cfg = Config.fromfile(str(path))
    mean, std = np.array(cfg.dct_mean), np.array(cfg.dct_std)
    assert mean.shape == std.shape == (64, )
    # The constant frequency is the largest by far, its mean is a color.
    for first, count in ((0, 44), (44, 10), (54, 10)):
        channels = slice(first, first + count)
        assert abs(mean[first]) == abs(mean[channels]).max() <= 1024
        assert std[first] == std[channels].max() and (std > 0).all()


def test_dctnet_statistics_equal_the_published_values():
    """A sample of the values of DCTNet, which Diverse Co-training uses."""
    cfg = Config.fromfile(str(FOLDER / 'dctnet.py'))
    for channel, mean, std in ((0, -88.40, 260.0), (7, .4438, 3.991),
                               (43, -.0003427, .1924), (44, -58.71, 81.16),
                               (53, -.0001592, .06356), (54, 32.12, 75.85),
                               (63, -.0002032, .05756)):
        assert (cfg.dct_mean[channel], cfg.dct_std[channel]) == (mean, std)

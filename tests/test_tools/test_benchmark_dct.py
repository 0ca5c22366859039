"""The benchmark of the DCT input prints a table, with and without jpeglib."""
import numpy as np
import pytest
import torch
from helpers import load_tool

from mmseg_fst.ops import dct_coefficients

benchmark = load_tool('benchmark_dct.py')


def table_of(monkeypatch, capsys):
    monkeypatch.setattr(
        'sys.argv', ['benchmark_dct.py', '--sizes', '20', '33', '--images',
                     '2'])
    benchmark.main()
    lines = capsys.readouterr().out.splitlines()
    return [[cell.strip() for cell in line.strip('|').split('|')]
            for line in lines]


def test_without_jpeglib_only_the_encoder_is_timed(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, 'jpeglib', None)
    title, _, *rows = table_of(monkeypatch, capsys)
    assert [row[0] for row in rows] == ['20', '33']
    for row in rows:
        assert len(row) == len(title) and row[3:] == ['-', '-']
        assert float(row[1]) > 0 and float(row[2]) > 0


def test_with_jpeglib_both_variants_agree(monkeypatch, capsys):
    """Both variants agree, and a difference would be reported."""
    pytest.importorskip('jpeglib')
    for row in table_of(monkeypatch, capsys)[2:]:
        fast, slow, ratio = (float(row[column]) for column in (1, 3, 4))
        assert ratio == pytest.approx(fast / slow, rel=.1, abs=.02)
    monkeypatch.setattr(benchmark, 'dct_coefficients',
                        lambda batch: dct_coefficients(batch) + 1)
    with pytest.raises(RuntimeError, match='20 x 20'):
        table_of(monkeypatch, capsys)


def test_images_are_smooth():
    images = benchmark.smooth_noise(2, 40)
    assert images.shape == (2, 40, 40, 3) and images.dtype == np.uint8
    assert images.min() == 0 and images.max() == 255
    steps = torch.from_numpy(images).float().diff(dim=2).abs()
    assert 1 < steps.mean() < 20

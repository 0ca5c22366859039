"""tools/benchmark.py evaluation compares variants with equal scores."""
import argparse
import sys

import pytest
import torch
from helpers import REPOSITORY

sys.path.insert(0, str(REPOSITORY / 'tools'))
from benchmarks import scoring  # noqa: E402
from benchmarks.evaluation import (  # noqa: E402
    add_arguments,
    command_of,
    run,
    variants_of,
)

SMALL = ('--size 128 64 --crop 49 --stride 33 --rounds 2 --images 2 '
         '--no-memory').split()


def parse(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_all_variants_have_the_same_score(capsys):
    run(parse(*SMALL, '--windows', '1', '3'))
    rows = [
        [cell.strip() for cell in line.split('|')[1:-1]]
        for line in capsys.readouterr().out.splitlines() if '|' in line
    ]
    names = [cells[0] for cells in rows[2:]]
    assert names == [
        'windows, MMSegmentation', 'windows, mmseg_fst',
        'windows, mmseg_fst, 3 at once', 'whole image, MMSegmentation',
        'whole image, mmseg_fst'
    ]
    scores = [float(cells[-1]) for cells in rows[2:]]
    assert scores[0] == scores[1] and scores[3] == scores[4]
    assert scores[2] == pytest.approx(scores[0], abs=.1)
    assert scores[0] != scores[3] and min(scores) > 0
    assert rows[2][2] == '1.00 (1.00-1.00)'


def test_a_different_score_is_an_error(monkeypatch):
    monkeypatch.setattr(
        scoring, 'UnroundedConfusionIoU',
        lambda prefix: scoring.UnroundedIoU(ignore_index=0))
    with pytest.raises(SystemExit, match='mmseg_fst: mIoU .* differs'):
        run(parse(*SMALL, '--windows', '1'))


def test_the_memory_command_repeats_all_options():
    args = parse(*SMALL, '--windows', '1', '4')
    for variant in variants_of(args):
        again = parse(*command_of(variant, args)[3:])
        assert again.alone == variant.name
        for name in ('size', 'crop', 'stride', 'windows', 'network',
                     'classes'):
            assert getattr(again, name) == getattr(args, name)


def test_patches_have_the_color_of_their_label():
    batch = scoring.patches(3, (64, 128), 5)
    image, label = batch['inputs'][0], batch['data_samples'][0].gt_sem_seg.data
    assert image.shape == (3, 64, 128) and image.dtype == torch.uint8
    assert label.shape == (1, 64, 128) and (label[:, :4] == 255).all()
    for index in label[label < 255].unique():
        colors = image[:, label[0] == index].float()
        assert (colors.amax(1) - colors.amin(1) < 40).all()

"""Large images are cut into tiles."""
import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_fst.prepare.class_list import ClassList
from mmseg_fst.prepare.mask_sources import FileMasks
from mmseg_fst.prepare.survey import survey_pairs
from mmseg_fst.prepare.task import Side
from mmseg_fst.prepare.tiles import (
    cut_side,
    group_tiles,
    tile_positions,
    write_tiles,
)

CLASSES = ClassList(('a', 'b'), False, {0: 0, 1: 1, 255: 255})


@pytest.mark.parametrize('length, size, overlap, expected', [
    (100, 100, 0, [0]), (60, 100, 0, [0]), (200, 100, 0, [0, 100]),
    (201, 100, 0, [0, 50, 101]), (190, 100, 10, [0, 90]),
    (191, 100, 10, [0, 46, 91])])
def test_tiles_cover_a_side(length, size, overlap, expected):
    found = tile_positions(length, size, overlap)
    assert found == expected
    assert all(b - a <= size - overlap for a, b in zip(found, found[1:]))


def survey(root, channels=3, dtype=np.uint8, ending='png'):
    """One large and one small image; the left third has no class."""
    rng = np.random.default_rng(0)
    for name, size in (('large', (70, 90)), ('small', (30, 30))):
        image = rng.integers(0, 250, (*size, channels)).astype(dtype)
        if ending == 'npy':
            np.save(root / f'{name}.npy', image)
        else:
            cv2.imwrite(str(root / f'{name}.png'), image)
        mask = rng.integers(0, 2, size).astype(np.uint8)
        mask[:, :30] = 255
        mask[0, 5] = name == 'small'
        Image.fromarray(mask).save(root / f'{name}_mask.png')
    source = FileMasks('{name}_mask.png', '--masks', (), CLASSES)
    images = {'l': f'large.{ending}', 's': f'small.{ending}'}
    labels = {'l': 'large_mask.png', 's': 'small_mask.png'}
    found = survey_pairs(root, images, labels, source, 1, channels)
    assert not found.problems
    return Side(root, found.images, source)


def test_a_side_is_cut(tmp_path):
    side = survey(tmp_path)
    cut = cut_side(side, 40, 0, 3, limit=40 * 40, workers=1)
    tiles = [image for image in cut.images if image.tile]
    assert cut.is_cut and not side.is_cut
    # Three columns and two rows; all tiles show a class.
    assert {(image.tile.top, image.tile.left) for image in tiles} == {
        (y, x) for y in (0, 30) for x in (0, 25, 50)}
    assert all(image.size == (40, 40) for image in tiles)
    assert cut.images[-1] == side.images[1]  # small enough
    whole = np.asarray(Image.open(tmp_path / 'large_mask.png'))
    for image in tiles:
        part = image.tile.cut(whole)
        assert image.pixels == {str(i): int((part == i).sum())
                                for i in range(2)}
        assert image.ignored == (part == 255).sum()
    assert [len(group) for group in group_tiles(cut.images)] == [6, 1]
    assert cut_side(side, 40, 0, 3) is side


@pytest.mark.parametrize('other, beginning', [
    ('small', 'a/large'), ('b/large', 'a/large'), ('a/large', 'a/large.png'),
    ('a/large_y0_x0', 'a/large.png')])
def test_tiles_are_named_by_their_image(other, beginning, tmp_path):
    """With the extension only if another name would be the same."""
    side = survey(tmp_path)
    large, small = side.images
    side = side._replace(source=None, images=[
        large._replace(image='a/large.png'),
        small._replace(image=f'{other}.jpg')])
    cut = cut_side(side, 50, 0, 3, limit=1600, workers=1)
    assert [image.path for image in cut.images] == [
        f'{beginning}_y{top}_x{left}.png'
        for top in (0, 20) for left in (0, 40)] + [f'{other}.jpg']


def test_a_tile_without_any_class_is_left_out(tmp_path):
    side = survey(tmp_path)
    cut = cut_side(side, 30, 0, 3, limit=1600, workers=1)
    lefts = {image.tile.left for image in cut.images if image.tile
             and image.tile.top > 0}
    assert lefts == {30, 60}
    unlabeled = cut_side(side._replace(source=None), 30, 0, 3, limit=1600)
    assert len(unlabeled.images) == 10


@pytest.mark.parametrize('channels, dtype, ending, written', [
    (3, np.uint8, 'png', '.png'), (1, np.uint8, 'png', '.png'),
    (3, np.uint16, 'png', '.png'), (5, np.uint8, 'npy', '.npy'),
    (3, np.float32, 'npy', '.npy')])
def test_tiles_have_the_values_of_the_image(channels, dtype, ending, written,
                                            tmp_path):
    from mmseg_fst.datasets import LoadWholeImage
    side = survey(tmp_path, channels, dtype, ending)
    cut = cut_side(side, 40, 0, channels, limit=1600, workers=1)
    write_tiles(tmp_path / 'out', cut, channels, 1)
    loader = LoadWholeImage(channels=channels)
    whole = loader.read(str(tmp_path / f'large.{ending}'))
    files = sorted((tmp_path / 'out').iterdir())
    assert len(files) == 6
    for image in cut.images[:-1]:
        path = tmp_path / 'out' / image.path
        assert path.suffix == written
        np.testing.assert_array_equal(
            loader.read(str(path)), image.tile.cut(whole))


def test_approximated_pixels_are_counted_by_tile(tmp_path):
    """Each once, not once for each tile of the image."""
    side = survey(tmp_path)
    mask = np.array(Image.open(tmp_path / 'large_mask.png'))
    mask[0, 40:45] = 2  # nearest to 1
    Image.fromarray(mask).save(tmp_path / 'large_mask.png')
    source = side.source._replace(classes=CLASSES._replace(tolerance=1))
    large = side.images[0]._replace(approximated=5)
    cut = cut_side(side._replace(images=[large], source=source), 35, 0, 3,
                   limit=1600, workers=1)
    counts = {image.tile.left: image.approximated for image in cut.images
              if image.tile.top == 0}
    assert counts[28] == 5 and sum(
        image.approximated for image in cut.images) == 5

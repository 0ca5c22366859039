"""Masks from COCO and LabelMe files."""
import json

import numpy as np
import pytest

from mmseg_fst.prepare.annotations import (
    CocoFile,
    coco_categories,
    labelme_categories,
    rasterize_labelme,
    read_categories,
)
from mmseg_fst.prepare.mask_sources import CocoMasks

pytest.importorskip('pycocotools')
SIZE = (20, 30)


def box(left, top, right, bottom):
    return [left, top, right, top, right, bottom, left, bottom]


def annotation(index, category, polygon, **more):
    return dict(id=index, image_id=7, category_id=category, iscrowd=0,
                segmentation=[polygon], **more)


def write_coco(path, annotations, size=SIZE):
    path.write_text(json.dumps(dict(
        images=[dict(id=7, file_name='a.jpg', height=size[0], width=size[1]),
                dict(id=8, file_name='b.jpg', height=size[0],
                     width=size[1])],
        categories=[dict(id=5, name='cat'), dict(id=2, name='dog')],
        annotations=annotations)))
    return CocoFile(path)


def test_a_smaller_object_is_on_top_of_a_larger_one(tmp_path):
    file = write_coco(tmp_path / 'a.json', [
        annotation(1, 5, box(5, 5, 9, 9)),
        annotation(2, 2, box(0, 0, 20, 15))])
    categories = coco_categories([file])
    assert categories.names == ('background', 'dog', 'cat')
    ids = file.rasterize('7', categories, SIZE)
    assert ids.dtype == np.uint8 and ids.shape == SIZE
    assert (ids[5:9, 5:9] == 2).all() and ids[0, 0] == 1 and ids[19, 29] == 0
    assert (ids == 2).sum() == 16 and (ids == 1).sum() == 300 - 16
    assert file.is_annotated('7') and not file.is_annotated('8')


def test_crowds_and_run_lengths(tmp_path):
    """An uncompressed run-length code, in columns; crowds are ignored."""
    crowd = dict(id=1, image_id=7, category_id=5, iscrowd=1,
                 segmentation=dict(size=[*SIZE], counts=[0, 40, 560]))
    file = write_coco(tmp_path / 'a.json',
                      [crowd, annotation(2, 2, box(1, 0, 30, 5))])
    ids = file.rasterize('7', coco_categories([file]), SIZE)
    assert (ids[5:, :2] == 255).all() and (ids[:5, 1:] == 1).all()
    assert (ids[5:, 2:] == 0).all() and (ids[:5, 0] == 255).all()


def test_a_class_list_merges_and_ignores_categories(tmp_path):
    file = write_coco(tmp_path / 'a.json', [
        annotation(1, 5, box(0, 0, 5, 5)),
        annotation(2, 2, box(9, 9, 12, 12))])
    path = tmp_path / 'classes.txt'
    path.write_text('animal = cat\nother\nignore = dog\n')
    categories = read_categories(path)
    ids = file.rasterize('7', categories, SIZE)
    # Without a background pixels without annotation are ignored.
    assert np.unique(ids).tolist() == [0, 255] and (ids == 0).sum() == 25
    path.write_text('Background\ncat\n')
    with pytest.raises(ValueError, match="'dog', which.*'ignore = dog'"):
        file.rasterize('7', read_categories(path), SIZE)


def test_a_category_without_annotation_is_not_a_class(tmp_path):
    """Crowds are ignored and do not count; other order than in the file."""
    crowd = dict(annotation(2, 2, box(0, 0, 5, 5)), iscrowd=1)
    file = write_coco(tmp_path / 'a.json',
                      [annotation(1, 5, box(5, 5, 9, 9)), crowd])
    assert coco_categories([file]).names == ('background', 'cat')
    file = write_coco(tmp_path / 'a.json', [])
    with pytest.raises(ValueError, match=r'a\.json: no category has'):
        coco_categories([file])


@pytest.mark.parametrize('other', ['a.jpg', 'images/a.jpg'])
def test_two_entries_for_one_image_file_are_an_error(other, tmp_path):
    path = tmp_path / 'a.json'
    write_coco(path, [annotation(1, 5, box(0, 0, 5, 5)),
                      dict(annotation(2, 2, box(9, 9, 12, 12)), image_id=8)])
    path.write_text(path.read_text().replace('b.jpg', other))
    file = CocoFile(path)
    masks = CocoMasks(file, coco_categories([file]))
    images = {(('name', 'a'), ): 'images/a.jpg'}
    with pytest.raises(ValueError, match=(
            r'a\.json has several entries.*images/a\.jpg. Merge')):
        masks.find(tmp_path, images)


@pytest.mark.parametrize('annotations, size, words', [
    ([dict(annotation(1, 5, []), segmentation=[])], SIZE, 'only a box'),
    ([annotation(1, 5, box(0, 0, 5, 5))], (10, 30), '30 x 10 in the COCO'),
    ([annotation(1, 9, box(0, 0, 5, 5))], SIZE, 'not a valid COCO file.*9'),
    ([annotation(1, 5, [1])], SIZE, 'annotation 1 is not valid'),
])
def test_bad_annotations_are_named(annotations, size, words, tmp_path):
    with pytest.raises(ValueError, match=rf'a\.json.*{words}'):
        file = write_coco(tmp_path / 'a.json', annotations, size)
        file.rasterize('7', coco_categories([file]), SIZE)


@pytest.mark.parametrize('text, words', [
    ('[1]', 'contains a list'), ('{', 'not a JSON file'),
    ('{"images": []}', "no list 'annotations' and 'categories'"),
    ('\xff', 'JSON')])
def test_a_file_of_another_format(text, words, tmp_path):
    (tmp_path / 'a.json').write_text(text, encoding='latin-1')
    with pytest.raises(ValueError, match=words):
        CocoFile(tmp_path / 'a.json')


def write_labelme(path, *shapes, **content):
    path.write_text(json.dumps(dict(shapes=[
        dict(label=label, points=points, shape_type=kind)
        for label, points, kind in shapes], **content)))
    return path


def test_shapes_of_labelme(tmp_path):
    path = write_labelme(
        tmp_path / 'a.json',
        ('leaf', [[0, 0], [9, 0], [9, 9], [0, 9]], 'polygon'),
        ('hole', [[4, 4], [2, 2]], 'rectangle'),
        ('dot', [[20, 10], [20, 13]], 'circle'),
        imageHeight=20, imageWidth=30)
    categories = labelme_categories([path])
    assert categories.names == ('background', 'dot', 'hole', 'leaf')
    ids = rasterize_labelme(path, categories, SIZE)
    assert (ids[2:5, 2:5] == 2).all() and ids[0, 0] == 3 and ids[15, 5] == 0
    assert ids[10, 20] == 1 and 20 < (ids == 1).sum() < 40


@pytest.mark.parametrize('shapes, content, words', [
    ([('x', [[0, 0]], 'point')], {}, "shape 'point' of 1 points"),
    ([], dict(imageHeight=9, imageWidth=9), 'made for an image of 9 x 9'),
])
def test_bad_shapes_are_named(shapes, content, words, tmp_path):
    path = write_labelme(tmp_path / 'a.json', *shapes, **content)
    with pytest.raises(ValueError, match=rf'a\.json.*{words}'):
        rasterize_labelme(path, labelme_categories([path]), SIZE)


def test_a_json_file_that_is_not_of_labelme(tmp_path):
    (tmp_path / 'a.json').write_text('{"annotations": []}')
    with pytest.raises(ValueError, match="no list 'shapes'"):
        labelme_categories([tmp_path / 'a.json'])

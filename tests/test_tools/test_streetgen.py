"""Tests of tools/streetgen. Rendering tests are skipped without OpenGL."""
import colorsys
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[2] / 'tools'))

from streetgen import generate, shaders  # noqa: E402
from streetgen.camera import develop  # noqa: E402
from streetgen.labels import CLASSES, PALETTE, Label, Material  # noqa: E402
from streetgen.mesh import Mesh, Surface  # noqa: E402
from streetgen.placement import Placement  # noqa: E402
from streetgen.render import Renderer, import_moderngl  # noqa: E402
from streetgen.sampling import hsv  # noqa: E402
from streetgen.scene import sample_scene  # noqa: E402

STONE = Surface((.1, .2, .3), Material.PLAIN, Label.ROAD)

# Published frames of streetgen: index, number of vertices, vertices of signs,
# pedestrians and bicyclists, and camera position. Adding, removing or moving a
# random number changes them and all frames.
PUBLISHED_FRAMES = [
    (0, 170718, [1566, 12438, 5406], (-1.5285169338, -1.0533187578,
                                      1.4476408084)),
    (17, 57264, [2076, 23346, 0], (2.1007068891, -0.6265911528,
                                   1.3341575965)),
    (950, 133440, [594, 22926, 5196], (1.7052679788, -1.9351311642,
                                       1.7404754754)),
]
# Frame 0: percentage of pixels per class, brightness of three bands.
PUBLISHED_PERCENT = [
    9.83, 36.97, .48, 37.12, 4.71, 3.02, .4, .77, 5.99, .1, .6
]
PUBLISHED_MEANS = [112.9, 81.3, 65.9]


def scene(seed, index):
    return sample_scene(np.random.default_rng([seed, index]))


def mesh():
    return Mesh(np.random.default_rng(0))


def face_normals(data):
    corners = data[:, :3].reshape(-1, 3, 3).astype(float)
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] -
                    corners[:, 0])


# ------------------------------------------------------------------ geometry


def test_a_frame_depends_only_on_seed_and_index():
    first, again, other = scene(0, 5), scene(0, 5), scene(0, 6)
    np.testing.assert_array_equal(first[0].data(), again[0].data())
    assert first[1] == again[1]
    assert first[2].sun == again[2].sun
    assert first[0].data().shape != other[0].data().shape


@pytest.mark.parametrize('index, total, rare, eye', PUBLISHED_FRAMES)
def test_published_frames_have_not_changed(index, total, rare, eye):
    street, camera, _ = scene(0, index)
    labels = street.data()[:, 12].astype(int)
    counts = np.bincount(labels, minlength=256)
    assert len(labels) == total
    assert [
        counts[i] for i in (Label.SIGN, Label.PEDESTRIAN, Label.BICYCLIST)
    ] == rare
    np.testing.assert_allclose(camera.eye, eye, rtol=1e-9)


@pytest.mark.parametrize('index', range(3))
def test_a_scene_is_valid(index):
    street, camera, light = scene(1, index)
    data = street.data()
    assert data.dtype == np.float32 and len(data) % 3 == 0
    assert np.isfinite(data).all()
    assert set(data[:, 12]) <= set(map(float, Label))
    assert set(data[:, 11]) <= set(map(float, Material))
    assert {Label.ROAD, Label.SIDEWALK, Label.TREE} <= set(data[:, 12])
    assert 0 <= data[:, 8:11].min() and data[:, 8:11].max() <= 1
    assert np.linalg.norm(light.sun) == pytest.approx(1)
    # A point ahead of the camera is in its field of view.
    ahead = np.append(camera.eye, 1.)
    ahead[:2] += 10 * -np.sin(camera.yaw), 10 * np.cos(camera.yaw)
    x, y, z, w = camera.projection(4 / 3) @ ahead
    assert max(abs(x), abs(y), abs(z)) < w


def test_box_faces_point_outwards():
    box = mesh()
    box.box((1, 2, 3), (2, 3, 4), STONE, yaw=.3, bottom=True)
    data = box.data()
    assert len(data) == 6 * 6
    outward = data[:, :3].reshape(-1, 3, 3).mean(1) - (1, 2, 3)
    normals = face_normals(data)
    assert ((normals * outward).sum(1) > 0).all()
    assert ((normals * data[::3, 3:6]).sum(1) > 0).all()
    assert np.linalg.norm(normals, axis=1).sum() / 2 == pytest.approx(
        2 * (2 * 3 + 2 * 4 + 3 * 4), rel=1e-5)
    assert len(set(data[:, 13])) == 1


def test_balls_and_cylinders_have_the_given_size():
    body = mesh()
    body.ball((1, 2, 3), (.5, 1, 2), STONE, (16, 12))
    low, high = body.data()[:, :3].min(0), body.data()[:, :3].max(0)
    np.testing.assert_allclose(high - low, [1, 2, 4], rtol=1e-5)
    body = mesh()
    body.cylinder((0, 0, 0), (0, 0, 3), (1, .5), STONE, sides=8, caps=True)
    data = body.data()
    assert len(data) == 8 * 6 + 2 * 8 * 3
    radius = np.hypot(*data[:, :2].T)
    assert radius[data[:, 2] == 3].max() == pytest.approx(.5)
    assert radius[data[:, 2] == 0].max() == pytest.approx(1)


def test_bumpy_ball_is_closed():
    body = mesh()
    body.ball((0, 0, 0), 1, STONE, (10, 7), bump=.35)
    points, counts = np.unique(
        np.round(body.data()[:, :3], 4), axis=0, return_counts=True)
    # Ten points on each of six circles, and two poles.
    assert len(points) == 10 * 6 + 2
    assert counts.min() >= 6


def test_positive_yaw_turns_left():
    placement = Placement((1., 2., 3.), np.pi / 2)
    np.testing.assert_allclose(placement.at(forward=2), (-1, 2, 3))
    np.testing.assert_allclose(placement.at(right=2, up=1), (1, 4, 4))


def test_hsv_agrees_with_the_standard_library():
    for color in np.random.default_rng(0).random((50, 3)):
        np.testing.assert_allclose(hsv(*color), colorsys.hsv_to_rgb(*color))


def test_classes_are_the_classes_of_camvid():
    assert CLASSES[0] == 'sky' and CLASSES[10] == 'bicyclist'
    assert len(CLASSES) == len(PALETTE) == 11


def test_shaders_define_all_materials():
    for material in Material:
        assert f'#define {material.name} {material.value}\n' in shaders.STREET


def test_develop_is_deterministic_and_returns_an_image():
    light = np.random.default_rng(0).random((6, 8, 3)).astype(np.float32)
    images = [develop(light, np.random.default_rng(1)) for _ in range(2)]
    assert images[0].dtype == np.uint8 and images[0].shape == (6, 8, 3)
    np.testing.assert_array_equal(*images)


# ------------------------------------------------------------- command line


class FakeRenderer:
    """Render a small image that depends on the frame, without OpenGL."""
    stop_after = None
    rendered = 0

    def render(self, label, radiance):
        if FakeRenderer.rendered == FakeRenderer.stop_after:
            raise KeyboardInterrupt
        FakeRenderer.rendered += 1
        label = np.full((6, 8), label, np.uint8)
        label[0] = 255
        return np.full((6, 8, 3), radiance, np.float32), label


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setattr(generate, 'Renderer', FakeRenderer)
    monkeypatch.setattr(generate, 'sample_scene',
                        lambda rng: (rng.integers(11), rng.random()))
    monkeypatch.setattr(FakeRenderer, 'rendered', 0)
    monkeypatch.setattr(FakeRenderer, 'stop_after', None)
    return FakeRenderer


def snapshot(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob('*')) if path.is_file()
    }


def test_the_folder_has_images_labels_splits_and_statistics(fake, tmp_path):
    generate.main([str(tmp_path), '--frames', '5', '--split-val', '2'])
    splits = {
        split: (tmp_path / 'splits' / f'{split}.txt').read_text().split()
        for split in ('train', 'val')
    }
    assert splits == dict(
        train=['00000', '00001', '00002'], val=['00003', '00004'])
    meta = json.loads((tmp_path / 'meta.json').read_text())
    assert meta['classes'] == list(CLASSES) and meta['ignore'] == 255
    assert {k: v['n'] for k, v in meta['stats'].items()} == dict(
        train=3, val=2)
    assert meta['stats']['train']['pixels']['ignore'] == 3 * 8
    stats = json.loads((tmp_path / 'class_stats_train.json').read_text())
    assert list(stats['pixels']) == splits['train']
    for name, counts in stats['pixels'].items():
        label = Image.open(tmp_path / 'labels' / f'{name}.png')
        assert label.mode == 'P'
        assert counts == {str(np.asarray(label)[-1, 0]): 5 * 8}
        assert (tmp_path / 'images' / f'{name}.jpg').is_file()


def test_an_interrupted_run_is_continued(fake, tmp_path):
    args = ['--frames', '4', '--split-val', '1']
    generate.main([str(tmp_path / 'complete'), *args])
    fake.rendered, fake.stop_after = 0, 2
    with pytest.raises(KeyboardInterrupt):
        generate.main([str(tmp_path / 'out'), *args])
    assert not (tmp_path / 'out' / 'meta.json').exists()
    # A frame without its label is incomplete.
    (tmp_path / 'out' / 'labels' / '00001.png').unlink()
    fake.rendered, fake.stop_after = 0, None
    generate.main([str(tmp_path / 'out'), *args])
    assert fake.rendered == 3
    assert snapshot(tmp_path / 'out') == snapshot(tmp_path / 'complete')


def test_shared_work_gives_the_same_folder(fake, tmp_path):
    single, shared = tmp_path / 'single', tmp_path / 'shared'
    args = ['--frames', '4', '--split-val', '1']
    generate.main([str(single), *args])
    generate.main([str(shared), '--start', '2', *args])
    generate.main([str(shared), *args])
    assert snapshot(shared) == snapshot(single)


def test_a_folder_has_one_seed(fake, tmp_path):
    args = [str(tmp_path), '--frames', '2', '--split-val', '1']
    generate.main(args)
    with pytest.raises(SystemExit, match='started with seed 0, not 3'):
        generate.main([*args, '--seed', '3'])


def test_no_training_frames_is_an_error(tmp_path):
    with pytest.raises(SystemExit, match='Lower --split-val'):
        generate.main([str(tmp_path), '--frames', '9', '--split-val', '9'])


def test_missing_moderngl_names_the_packages(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'moderngl', None)
    with pytest.raises(SystemExit) as error:
        generate.main([str(tmp_path), '--frames', '2', '--split-val', '1'])
    for package in ('pip install moderngl', 'libegl1', 'libgl1-mesa-dri'):
        assert package in str(error.value)


# ---------------------------------------------------------------- rendering


@pytest.fixture(scope='module')
def renderer():
    try:
        import_moderngl()
        return Renderer()
    except RuntimeError as error:
        pytest.skip(f'rendering is NOT tested: {error}')


def test_rendering_is_deterministic(renderer):
    first, again = (generate.render_frame(renderer, 0, 2) for _ in range(2))
    for before, after in zip(first, again):
        np.testing.assert_array_equal(before, after)
    image, label = first
    assert image.shape == (360, 480, 3) and image.dtype == np.uint8
    assert label.shape == (360, 480) and label.dtype == np.uint8
    assert set(np.unique(label)) <= set(map(int, Label))


def test_the_published_frame_is_reproduced(renderer):
    image, label = generate.render_frame(renderer, 0, 0)
    percent = np.bincount(label.ravel(), minlength=256)[:11] / label.size * 100
    # Another OpenGL driver may round edges differently.
    np.testing.assert_allclose(percent, PUBLISHED_PERCENT, atol=.2)
    # Top to bottom: sky, houses, road.
    means = image.reshape(3, 120, 480, 3).mean((1, 2, 3))
    np.testing.assert_allclose(means, PUBLISHED_MEANS, atol=2)

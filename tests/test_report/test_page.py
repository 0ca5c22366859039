"""The HTML report of runs."""
import base64
import io
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from browser import Browser
from helpers import (
    NUM_CLASSES,
    build_model,
    make_streets,
    model_cfg,
    streets_cfg,
)
from mmengine.config import Config
from PIL import Image

from mmseg_fst.report import (
    choose_folders,
    curves,
    find_methods,
    write_report,
)
from mmseg_fst.report.class_parts import confusion_tables
from mmseg_fst.report.gain_parts import compare_methods
from mmseg_fst.report.panels import data_url, predict_panels
from mmseg_fst.report.runs import differences, flat_config

LOG = '''
2026/01/01 00:00:00 - mmengine - INFO -
------------------------------------------------------------
System environment:
    sys.platform: linux
    Python: 3.11.7
    PyTorch compiling details: PyTorch built with:
  - GCC 13.3
    OpenCV: 5.0.0

Runtime environment:
    seed: 0
------------------------------------------------------------
'''
TABLE = '''
2026/01/01 00:00:00 - mmengine - INFO - Results of the {} (whole image):
2026/01/01 00:00:00 - mmengine - INFO - per class results:
2026/01/01 00:00:00 - mmengine - INFO -
+-------+-------+-------+
| Class |  IoU  |  Acc  |
+-------+-------+-------+
|  sky  | {} | 98.19 |
| a <b> |  nan  |  nan  |
+-------+-------+-------+
2026/01/01 00:00:00 - mmengine - INFO - Iter(val) [1/1]
'''


def write_run(folder, score, config='model = dict(depth=1)\n', done=20):
    """A run with two validations, its log and one mixed figure."""
    vis_data = folder / 'now' / 'vis_data'
    (vis_data / 'mixed').mkdir(parents=True)
    entries = [dict(step=step, loss=1 / step, lr=.1, time=3.)
               for step in (5, 10, 15, 20)]
    for step in (10, 20):
        entries.append({
            'step': step, 'pseudo_label/past/mIoU': 50. + step,
            'pseudo_label/future/mIoU': 51. + step + step / 10,
            'pseudo_label/future/iou/sky': 70. + step})
    (vis_data / 'scalars.json').write_text(
        '\n'.join(map(json.dumps, entries)))
    Image.new('RGB', (40, 20), (9, 99, 200)).save(
        vis_data / 'mixed' / 'iter_000020.png')
    (folder / 'now' / 'now.log').write_text(
        LOG + TABLE.format('student', '11.11') +
        TABLE.format('student', '93.22') + TABLE.format('teacher', ' 94.0'))
    (folder / 'fst.py').write_text(config)
    iterations = {
        str(step): {'student/mIoU': score - 20 + step,
                    'teacher/mIoU': score - 19 + step}
        for step in (10, 20) if step <= done
    }
    (folder / 'results.json').write_text(
        json.dumps(
            dict(seed=int(folder.name[5]), max_iters=20, protocol='whole',
                 command='python run.py --seed <0>', iterations=iterations)))


@pytest.fixture
def work_dirs(tmp_path):
    for seed, score in enumerate((40., 44.)):
        write_run(tmp_path / 'fst' / f'seed_{seed}', score)
    write_run(tmp_path / 'base' / 'seed_0', 39., 'model = dict(depth=0)\n')
    return tmp_path


class Reader(HTMLParser):
    """Collects references, text and open elements of a page."""

    def __init__(self, text):
        super().__init__()
        self.references, self.open, self.words = [], [], []
        self.ids = set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ('src', 'href'):
                self.references.append(value)
            if name == 'id':
                self.ids.add(value)
        if tag not in ('meta', 'img', 'input', 'link'):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())


def page_of(work_dirs, *names):
    path = work_dirs / 'out' / 'report.html'
    methods = find_methods([work_dirs / name for name in names])
    write_report(path, methods, 'python tools/report.py', num_panels=0)
    return path


def test_the_page_needs_no_other_file(work_dirs):
    page = Reader(page_of(work_dirs, 'fst', 'base').read_text())
    assert not page.open
    inside = {
        reference[1:] for reference in page.references
        if reference.startswith('#')
    }
    assert inside == page.ids
    assert all(reference.startswith(('#', 'data:image/'))
               for reference in page.references)
    # Last mIoU of both seeds, the class table, the config, the command.
    for word in ('42.0 ± 2.8', '39.0', '93.2 ± 0.0', 'model.depth', '3.11.7',
                 'python run.py --seed <0>', 'a <b>', 'finished'):
        assert any(word in text for text in page.words), word
    assert not any('GCC' in text for text in page.words)


def test_past_and_future_are_compared_on_the_same_batches(work_dirs):
    page = Reader(page_of(work_dirs, 'fst').read_text())
    # Gains of 2 and 3 in both seeds: 2.5, standard error .5774 / 2.
    assert '+2.500 ± 0.289' in page.words and '4 of 4' in page.words
    assert 'fst: future - past, iteration 20: 3' in page.words


def test_a_run_in_progress_has_a_page(work_dirs):
    write_run(work_dirs / 'new' / 'seed_0', 30., done=10)
    page = Reader(page_of(work_dirs, 'new').read_text())
    assert any('validated at 10 of 20' in text for text in page.words)
    path = work_dirs / 'new' / 'seed_0' / 'results.json'
    content = json.loads(path.read_text())
    path.write_text(json.dumps(dict(content, stopped_early=True)))
    page = Reader(page_of(work_dirs, 'new').read_text())
    assert any('stopped early, at 10 of 20' in text for text in page.words)
    path.unlink()
    page = Reader(page_of(work_dirs, 'new').read_text())
    assert any('not validated yet' in text for text in page.words)


def test_values_that_are_not_finite_are_left_out(work_dirs):
    """From a diverged run; JSON has them as NaN and Infinity."""
    folder = work_dirs / 'fst' / 'seed_0'
    path = folder / 'now' / 'vis_data' / 'scalars.json'
    entries = [
        dict(step=21, loss=float('nan'), grad_norm=float('inf')),
        dict(step=22, loss=float('inf'), grad_norm=float('-inf')),
        {'step': 25, 'pseudo_label/past/mIoU': float('nan'),
         'pseudo_label/future/mIoU': 60.}]
    path.write_text('\n'.join(
        [path.read_text(), *map(json.dumps, entries)]))
    scores = json.loads((folder / 'results.json').read_text())
    scores['iterations']['20']['teacher/mIoU'] = float('nan')
    (folder / 'results.json').write_text(json.dumps(scores))
    page = Reader(page_of(work_dirs, 'fst').read_text())
    assert 'Loss' in page.words and 'Norm of the gradient' not in page.words
    # As without these lines.
    assert '+2.500 ± 0.289' in page.words and '4 of 4' in page.words


def test_runs_are_grouped_and_named(work_dirs):
    write_run(work_dirs / 'fst' / 'seed_1_split-2', 50.)
    write_run(work_dirs / 'other' / 'fst' / 'seed_0', 50.)
    methods = find_methods([
        work_dirs / 'fst', work_dirs / 'fst' / 'seed_0',
        work_dirs / 'other' / 'fst'])
    parent = f'{work_dirs.name}/fst'
    assert {method.name: len(method.runs) for method in methods} == {
        parent: 2, f'{parent}, split 2': 1, 'other/fst': 1}
    with pytest.raises(FileNotFoundError, match='contains no run'):
        find_methods([work_dirs])


def test_a_folder_of_a_debug_run_alone_is_left_out(work_dirs):
    for folder in (work_dirs / 'short' / 'debug', work_dirs / 'single'):
        folder.parent.mkdir(exist_ok=True)
        write_run(work_dirs / 'seed_0', 50.)
        (work_dirs / 'seed_0').rename(folder)
    (work_dirs / 'single' / 'debug').mkdir()
    folders = [work_dirs / name for name in ('short', 'fst', 'single')]
    chosen, (note, ) = choose_folders(folders)
    assert chosen == folders[1:]
    assert f'{work_dirs}/short only has a debug run' in note
    assert f'name {work_dirs}/short/debug' in note
    with pytest.raises(FileNotFoundError, match='short only has a debug run'):
        choose_folders(folders[:1])
    chosen, notes = choose_folders([work_dirs / 'short' / 'debug'])
    assert not notes
    assert find_methods(chosen)[0].name == 'short, debug run'


def test_differences_of_configs_execute_no_code():
    texts = dict(
        a="hooks = [dict(type='A', decay=.9)]\nscale = (1, 2)\n"
          "work_dir = 'a'\n",
        b="hooks = [dict(type='B', decay=.9), dict(type='C')]\n"
          "scale = (1, 2)\nimport os\n")
    assert differences(texts) == {
        'hooks.0.type': ["'A'", "'B'"], 'hooks.1.type': ['-', "'C'"]}
    assert flat_config("model = {'a.b': [1, 2]}\n") == {'model.a.b': '[1, 2]'}


@pytest.mark.parametrize('low, high, expected', [
    (0, 500, [0, 100, 200, 300, 400, 500]),
    (31.2, 47.6, [30, 35, 40, 45, 50]),
    (2., 2., [1.4, 1.6, 1.8, 2., 2.2, 2.4, 2.6]),
])
def test_ticks_are_round_and_span_the_range(low, high, expected):
    found = curves.ticks(low, high)
    assert found[0] <= low and found[-1] >= high
    assert found == pytest.approx(expected)


def test_curves_are_means_over_seeds_and_neighbors():
    seeds = [{1: 2., 2: 4., 3: 9.}, {1: 4., 2: 8.}]
    assert curves.over_seeds(seeds) == {1: 3., 2: 6.}
    many = {step: float(step % 2) for step in range(4 * curves.MAX_POINTS)}
    thin = curves.thinned(many)
    assert len(thin) == curves.MAX_POINTS and set(thin.values()) == {.5}
    line = curves.Line('a', 'red', False, seeds)
    chart = curves.make_chart('Loss', [line])
    _, mean, single, marks, band = chart.lines[0]
    assert len(band.split()) == 4
    points = [tuple(map(float, part.split(','))) for part in mean.split()]
    assert len(points) == 2 and len(single) == 2 and len(marks) == 2
    # Larger values lie higher, later iterations to the right.
    assert points[0][0] < points[1][0] and points[0][1] > points[1][1]


def test_a_band_is_the_standard_deviation_over_seeds():
    seeds = [{1: 2., 2: 4., 3: 9.}, {1: 4., 2: 4., 4: 1.}]
    band = curves.band_over_seeds(seeds)
    assert list(band) == [1, 2] and band[2] == (4., 4.)
    assert band[1] == pytest.approx((3 - 2**.5, 3 + 2**.5))
    assert not curves.band_over_seeds(seeds[:1])
    # The band is within the chart.
    line = curves.Line('a', 'red', False, [{0: 0., 9: 1.}, {0: 90., 9: 1.}])
    chart = curves.make_chart('Loss', [line])
    heights = [float(point.split(',')[1])
               for point in chart.lines[0].band.split()]
    assert min(heights) >= curves.TOP
    assert max(heights) <= curves.HEIGHT - curves.BOTTOM


def test_images_are_downscaled():
    pixels = np.zeros((60, 800, 3), np.uint8)
    pixels[:, 400:] = 10, 200, 30
    kind, text = data_url(pixels, 100).split(',')
    assert kind == 'data:image/jpeg;base64'
    image = Image.open(io.BytesIO(base64.b64decode(text)))
    assert image.size == (100, 8)
    assert abs(np.subtract(image.getpixel((90, 4)), (10, 200, 30))).max() < 4


def test_a_single_value_is_a_point_with_a_note():
    line = curves.Line('a', 'red', False, [{20: 3.}])
    chart = curves.make_chart('mIoU', [line])
    assert chart.iteration == 20
    _, mean, _, ((x, y, step, value), ), band = chart.lines[0]
    assert not band
    assert mean == f'{x},{y}' and (step, value) == (20, 3.)
    assert curves.LEFT < x <= curves.WIDTH and 0 < y < curves.HEIGHT
    more = line._replace(seeds=[{20: 3., 40: 4.}])
    assert curves.make_chart('mIoU', [line, more]).iteration is None
    curves.make_chart('mIoU', [line._replace(seeds=[{0: 3.}])])


def test_a_page_of_one_validation_has_points(work_dirs):
    for seed in range(2):
        write_run(work_dirs / 'new' / f'seed_{seed}', 30., done=10)
    text = page_of(work_dirs, 'new').read_text()
    chart = text[text.index('<figcaption>mIoU'):]
    chart = chart[:chart.index('</figure>')]
    assert 'polyline' not in chart
    assert len(re.findall('<circle cx=', chart)) == 2  # student, teacher
    assert len(re.findall('<circle class="seed"', chart)) == 4
    assert 'One value so far, of iteration 10.' in chart


def write_config(folder, streets, **kwargs):
    """The config of a run that is validated on some streets."""
    Config(
        dict(
            default_scope='mmseg_fst',
            model=model_cfg(),
            val_dataloader=dict(
                dataset=streets_cfg(
                    streets, 'camera', split='val', **kwargs)))
    ).dump(folder / 'fst.py')


def write_checkpoint(folder):
    """The network of a run, untrained."""
    classes = dict(
        classes=[*map(str, range(NUM_CLASSES))],
        palette=[[0, 0, 0]] * NUM_CLASSES)
    torch.save(
        dict(
            state_dict=build_model().state_dict(),
            meta=dict(dataset_meta=classes)), folder / 'iter_20.pth')


@pytest.fixture
def predicted(tmp_path):
    """Report of a run with a checkpoint and a run without."""
    streets = make_streets(tmp_path / 'streets')
    for name in ('fst', 'none'):
        folder = tmp_path / name / 'seed_0'
        write_run(folder, 40.)
        write_config(folder, streets)
    write_checkpoint(tmp_path / 'fst' / 'seed_0')
    path = tmp_path / 'report.html'
    missing = write_report(
        path, find_methods([tmp_path / 'fst', tmp_path / 'none']), 'x', 1)
    return path, missing


def test_predictions_of_each_network(predicted):
    path, missing = predicted
    assert len(missing) == 1 and 'none: There is no checkpoint' in missing[0]
    text = path.read_text()
    panel = text[text.index('<div class="stage">'):]
    titles = ['image', 'label', 'fst: student', 'fst: student errors',
              'fst: teacher', 'fst: teacher errors']
    assert re.findall('alt="([^"]*)" src="data:image/jpeg', panel)[
        :6] == titles
    assert re.search(r'<figcaption>.*: mean IoU [\d.]+ %</figcaption>', text)
    assert re.findall('<option[^>]*>([^<]*)<', panel) == titles * 2


def test_only_predictions_of_one_image_share_a_panel(tmp_path):
    """Data sets with equal file names, and a data set of other classes."""
    cities = [make_streets(tmp_path / name, val=1, seed=seed)
              for seed, name in enumerate(('paris', 'rome'))]
    other = dict(metainfo=dict(
        classes=['road', 'car'], palette=[[9, 0, 0], [0, 9, 0]]))
    runs = dict(a=(cities[0], {}), b=(cities[0], {}), c=(cities[1], {}),
                d=(cities[0], other))
    for name, (streets, kwargs) in runs.items():
        folder = tmp_path / name / 'seed_0'
        write_run(folder, 40.)
        write_config(folder, streets, **kwargs)
        write_checkpoint(folder)
    panels, _, missing = predict_panels(
        find_methods([tmp_path / name for name in runs]), 1)
    assert not missing and len({panel.name for panel in panels}) == 1
    shown = [sorted({title[0] for title in panel.layers if ': ' in title})
             for panel in panels]
    assert shown == [['a', 'b'], ['c'], ['d']]
    images = [panel.layers['image'] for panel in panels]
    assert images[0] == images[2] != images[1]


def test_the_worst_images_come_first(tmp_path):
    streets = make_streets(tmp_path / 'streets', val=6)
    folder = tmp_path / 'fst' / 'seed_0'
    write_run(folder, 40.)
    write_config(folder, streets)
    write_checkpoint(folder)
    methods = find_methods([tmp_path / 'fst'])
    everyone = predict_panels(methods, 6)[0]
    scores = [panel.score for panel in everyone]
    assert len(scores) == 6 and scores == sorted(scores)
    assert all(len(panel.scores) == 2 for panel in everyone)
    worst = predict_panels(methods, 2)[0]
    assert [panel.name for panel in worst] == [
        panel.name for panel in everyone[:2]]


def write_classes(folder, crack=0.):
    """Scores by class and a confusion matrix."""
    path = folder / 'results.json'
    content = json.loads(path.read_text())
    wall = dict(IoU=98.56, Dice=99.27, precision=98.56, recall=100.,
                labeled=98.56, predicted=100.)
    crack = dict(IoU=crack, Dice=crack, precision=crack or None, recall=crack,
                 labeled=1.44, predicted=crack)
    content.update(
        data=dict(name='tiles', split='val', images=47, classes=2),
        warnings=['Never predicted, although in the labels: crack.'],
        classes={'20': dict(student=dict(wall=wall, crack=crack))})
    path.write_text(json.dumps(content))
    (folder / 'confusion_student.csv').write_text(
        'label / prediction,wall,crack,other\n'
        'wall,970,30,0\ncrack,3,1,0\nother,0,0,0\n')


def test_a_class_that_was_not_learned_is_on_top(tmp_path):
    for name in ('supervised', 'fst'):
        folder = tmp_path / 'own' / 'tiles' / name / 'seed_0'
        write_run(folder, 49.28)
        write_classes(folder)
    path = page_of(tmp_path, 'own/tiles/supervised', 'own/tiles/fst')
    text = path.read_text()
    page = Reader(text)
    assert '<title>mmseg_fst: tiles/supervised, tiles/fst</title>' in text
    assert text.index('Classes that were not learned') < text.index(
        'id="scores"')
    for word in ('tiles/supervised, seed_0; tiles/fst, seed_0',
                 '49.3 (IoU 0.0: crack)',
                 'Scored on tiles, val: 47 images (tiles/supervised, '
                 'tiles/fst).',
                 'tiles/fst: student: IoU, Dice, precision and recall, %'):
        assert any(word in found for found in page.words), word
    assert re.search(r'<th>crack</th><td class="zero">0\.0</td>', text)


def test_nothing_is_wider_than_a_phone_but_what_scrolls(tmp_path):
    for name in ('a', 'b'):
        folder = tmp_path / name / 'seed_0'
        write_run(folder, 49.28, f'model = dict(depth="{name}")\n')
        write_classes(folder)
    text = page_of(tmp_path, 'a', 'b').read_text()
    assert '<meta name="viewport" content="width=device-width' in text
    assert text.count('<table') == len(
        re.findall(r'<div class="wide"[^>]*>\s*<table', text)) > 6
    # Columns of charts and panels fit any width.
    assert not re.search(r'minmax\(\d', text)


def test_scores_are_beside_their_method(work_dirs):
    text = page_of(work_dirs, 'fst').read_text()
    head = text[text.index('<table class="cards">'):]
    assert re.findall('<th>([^<]*)', head)[:6] == [
        'method', 'student, last', 'student, best', 'teacher, last',
        'teacher, best', 'seeds']
    # On a phone the cells are below each other, with the name of the column.
    assert '<td data-column="student, last">42.0 ± 2.8</td>' in head


def test_a_confusion_matrix_has_normalized_rows(tmp_path):
    for seed in range(2):
        folder = tmp_path / 'fst' / f'seed_{seed}'
        write_run(folder, 50.)
        write_classes(folder, crack=3.)
    table, = confusion_tables(find_methods([tmp_path / 'fst']))
    assert table == ('fst: student', ['wall', 'crack'], [
        ('wall', [97., 3.]), ('crack', [75., 25.])])
    text = page_of(tmp_path, 'fst').read_text()
    assert 'rgba(213, 94, 0, 0.750); color: #fff">75.0' in text


def write_comparison(root, name, scores, model='MeanTeacher'):
    """Runs with the IoU of three classes for each seed."""
    for seed, values in enumerate(scores):
        folder = root / name / f'seed_{seed}'
        write_run(folder, 40., f"model = dict(type='{model}')\n")
        path = folder / 'results.json'
        content = json.loads(path.read_text())
        content['classes'] = {'20': dict(student={
            key: dict(IoU=value, Dice=value, precision=value, recall=value,
                      labeled=30., predicted=30.)
            for key, value in zip(('road', 'car', 'sky'), values)})}
        path.write_text(json.dumps(content))


def test_methods_are_compared_with_labels_alone(tmp_path):
    write_comparison(tmp_path, 'fst', [(60., 10., None), (64., 10., None)])
    write_comparison(
        tmp_path, 'labels', [(50., 14., 3.), (54., 12., 3.)], 'Supervised')
    methods = find_methods([tmp_path / 'fst', tmp_path / 'labels'])
    comparison, = compare_methods(methods)
    assert (comparison.title, comparison.base) == (
        'fst: student', 'labels: student')
    assert comparison.is_supervised and comparison.seeds == (2, 2)
    road, car = comparison.gains  # sky has no IoU in one of them
    assert (road.class_name, road.base, road.value) == ('road', 52., 62.)
    assert road.difference == 10. and road.spread == pytest.approx(8**.5)
    assert road.text == '+10.0 ± 2.8' and road.is_clear
    assert car.difference == -3. and car.is_clear
    assert comparison.sentence() == (
        'fst: student is 3.5 points above labels: student in the mean over 2 '
        'classes: 1 better, 1 worse (car -3.0).')
    text = page_of(tmp_path, 'fst', 'labels').read_text()
    assert comparison.sentence() in text and 'labels alone' in text
    assert '<td class="gain clear">+10.0 ± 2.8 ' in text


def test_single_seeds_and_other_protocols(tmp_path):
    for name, values in (('a', (5., 6., 7.)), ('b', (5.01, 9., 0.)),
                         ('c', (1., 2., 3.))):
        write_comparison(tmp_path, name, [values])
    path = tmp_path / 'c' / 'seed_0' / 'results.json'
    path.write_text(path.read_text().replace('"whole"', '"slide"'))
    methods = find_methods([tmp_path / name for name in 'abc'])
    comparison, = compare_methods(methods)
    assert comparison.title == 'b: student' and not comparison.is_supervised
    assert [gain.text for gain in comparison.gains] == ['+3.0', '0.0', '-7.0']
    assert not any(gain.is_clear for gain in comparison.gains)
    text = page_of(tmp_path, 'a', 'b').read_text()
    assert 'may be chance' in text and 'the first method' in text
    assert not compare_methods(methods[:1])


@pytest.fixture
def browse(tmp_path):
    """Run Chromium on a page; returns its output on both streams."""
    browser = shutil.which('chromium') or shutil.which('google-chrome')
    if browser is None:
        pytest.skip('Chromium is not installed: only the parser was used')

    def run(path, *options):
        done = subprocess.run([
            browser, '--headless', '--no-sandbox', '--disable-gpu',
            '--enable-logging=stderr', '--window-size=1300,2400',
            f'--user-data-dir={tmp_path / "browser"}', *options,
            path.as_uri()
        ], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert 'CONSOLE' not in done.stderr, done.stderr
        return done.stdout

    return run


def test_a_browser_shows_the_page_without_errors(predicted, browse):
    path, _ = predicted
    screenshot = path.with_suffix('.png')
    browse(path, f'--screenshot={screenshot}')
    assert np.asarray(Image.open(screenshot)).std() > 1


# Names what is wider than the window or than its own box.
MEASURE = """<script>
const wide = element => element.getBoundingClientRect().right > innerWidth;
const found = [];
if (document.documentElement.scrollWidth > innerWidth) found.push('page');
for (const cell of document.querySelectorAll('.cards td, .cards tbody th'))
  if (wide(cell)) found.push('cell ' + cell.textContent);
for (const select of document.querySelectorAll('select')) {
  const width = select.offsetWidth;
  select.style.cssText = 'width: max-content; max-width: none';
  if (select.offsetWidth > width) found.push('select ' + select.value);
  select.style.cssText = '';
  if (wide(select)) found.push('select beside the page');
}
parent.postMessage('found: ' + found.join(', '), '*');
</script>"""


@pytest.mark.parametrize('width', [390, 1280])
def test_scores_and_choices_are_within_the_window(predicted, browse, width):
    path, _ = predicted
    run = path.parent / 'fst' / 'seed_0'
    write_classes(run)
    other = path.parent / 'longer_name' / 'seed_0'
    shutil.copytree(run, other)
    write_report(path, find_methods([run.parent, other.parent]), 'x', 1)
    path.write_text(path.read_text().replace('</body>', f'{MEASURE}</body>'))
    # A window has at least 500 pixels, a frame any size.
    frame = path.with_name('frame.html')
    frame.write_text(
        '<script>addEventListener("message", event => '
        'document.body.append(event.data))</script>'
        f'<iframe src="{path.name}" width={width} height=900 '
        'style="border: 0"></iframe>')
    text = browse(frame, '--virtual-time-budget=3000', '--dump-dom')
    assert 'found: <' in text, text


@pytest.mark.parametrize('width', [390, 1400])
def test_the_page_at_the_width_of_phones_and_screens(predicted, tmp_path,
                                                     width):
    path, _ = predicted
    for name in ('fst', 'labels'):
        folder = tmp_path / name / 'seed_0'
        if name == 'labels':
            write_run(folder, 40., "model = dict(type='Supervised')\n")
        write_classes(folder, crack=3. * (name == 'fst'))
    methods = find_methods([tmp_path / 'labels', tmp_path / 'fst'])
    write_report(path, methods, 'x', 1)
    browser = Browser(tmp_path)
    try:
        browser.open(path.as_uri(), width)
        browser.wait('document.querySelector(".layers img")')
        assert not browser.too_wide() and not browser.errors
        assert browser.screenshot().std() > 10
        # A table that goes on says so.
        browser.wait(
            '[...document.querySelectorAll(".wide")].filter(box => '
            'box.checkVisibility()).every(box => '
            'box.classList.contains("scrolls") === '
            '(box.scrollWidth > box.clientWidth + 1))')
        browser.run('document.querySelector(".stage").focus()')
        browser.press('Enter')
        assert browser.run('document.querySelector(".enlarged .stage")'
                           '.offsetWidth') >= 1590
        browser.press('Escape')
        assert not browser.run('document.querySelector(".enlarged")')
    finally:
        browser.close()

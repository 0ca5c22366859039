"""The page of the viewer in a browser."""
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import Browser
from fake_run import make_run
from helpers import image_of, model_cfg, random_label
from PIL import Image

from mmseg_fst.view import PhotoServer, load_networks

DONE = ('document.querySelectorAll("figure:not([hidden])").length == {} && '
        '!document.querySelector(".busy:not([hidden] *)") && '
        '!document.getElementById("status").textContent.includes("…")')


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp('runs')
    runs = [make_run(root / 'fst' / 'seed_0'),
            make_run(root / 'a_supervised_run_with_a_long_name' / 'seed_0',
                     model_cfg(labels_only=True))]
    networks = load_networks([str(run) for run in runs], 'cpu')
    with PhotoServer(networks, most_bytes=10**6) as found:
        thread = threading.Thread(target=found.serve_forever, args=(.02, ))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture(scope='module')
def chromium(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp('chromium'))
    yield browser
    browser.close()


@pytest.fixture
def browser(chromium):
    chromium.errors.clear()
    yield chromium
    assert not chromium.errors


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f'{name}.png' for name in 'ab']
    for path in paths:
        Image.fromarray(image_of(rng, random_label(rng, (32, 64)))).save(path)
    return paths


def opened(browser, server, width=1400, dark=False):
    browser.open(server.url, width, dark=dark)
    browser.wait('document.body.dataset.ready == "true"')


def choose(browser, element, value):
    browser.run(f'''(() => {{
        const element = document.getElementById("{element}");
        element.value = "{value}";
        element.dispatchEvent(new Event("input"));
        element.dispatchEvent(new Event("change"));
    }})()''')


@pytest.mark.parametrize('width', [390, 1400])
@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
def test_a_photo_is_shown_at_any_width(browser, server, photos, width, dark):
    opened(browser, server, width, dark)
    assert not browser.too_wide()
    browser.choose_files('#photos', photos[0])
    browser.wait(DONE.format(3))
    assert not browser.too_wide()
    page = browser.screenshot()
    assert page.std() > 10 and (page[2, 2].mean() < 60) == dark
    # The colors of classes cover the photo.
    assert browser.run('''(() => {
        const canvas = document.querySelector(".stage canvas");
        const {data} = canvas.getContext("2d").getImageData(
            0, 0, canvas.width, canvas.height);
        return [canvas.width, canvas.height, data.some(value => value > 0)];
    })()''') == [64, 32, True]
    text = browser.run('document.body.innerText')
    for word in ('fst: student', 'fst: teacher', 'class 3',
                 'a.png: 64 × 32 pixels.'):
        assert word in text, word
    shares = browser.run('''[1, 2, 3].map(column => [...document
        .querySelectorAll("tbody tr")].reduce((sum, row) =>
        sum + (parseFloat(row.children[column].textContent) || 0), 0))''')
    assert shares == pytest.approx([100, 100, 100], abs=1)


def test_views_opacity_and_classes(browser, server, photos):
    opened(browser, server)
    browser.choose_files('#photos', photos[0])
    browser.wait(DONE.format(3))
    colors = '''(() => {
        const canvas = document.querySelectorAll(".stage canvas")[1];
        return [...canvas.getContext("2d").getImageData(
            0, 0, canvas.width, canvas.height).data].join();
    })()'''
    shown = [browser.run(colors)]
    for element, value in (('opacity', 20), ('view', 'difference'),
                           ('view', 'confidence'), ('view', 'image')):
        choose(browser, element, value)
        if value == 'confidence':
            browser.wait(
                'state.results.every(result => result.confidence) && ' +
                DONE.format(3))
            assert 'Mean confidence' in browser.run(
                'document.body.innerText')
        shown.append(browser.run(colors))
    assert len(set(shown)) == len(shown)
    assert set(shown[-1].split(',')) == {'0'}
    choose(browser, 'view', 'classes')
    browser.run('document.querySelector("tbody input").click()')
    choose(browser, 'opacity', 55)
    assert browser.run(colors) != shown[0]


def test_the_keyboard_is_enough(browser, server, photos):
    opened(browser, server)
    browser.choose_files('#photos', photos[0])
    browser.wait(DONE.format(3))
    browser.run('document.querySelector(".stage").focus()')
    browser.press('ArrowRight')
    assert browser.run('document.querySelectorAll('
                       '".cross:not([hidden])").length') == 3
    assert 'At the point: class' in browser.run('document.body.innerText')
    browser.run('document.querySelector("figure button").click()')
    assert browser.run('document.querySelector(".enlarged .stage")'
                       '.getBoundingClientRect().width') >= 1100
    browser.press('Escape')
    assert not browser.run('document.querySelector(".enlarged")')
    names = browser.run('''[...document.querySelectorAll(
        "button, input, select")].filter(element => !(element.ariaLabel ||
        element.textContent.trim() || element.labels?.length)).length''')
    assert names == 0


def test_several_photos_follow_each_other(browser, server, photos):
    opened(browser, server)
    browser.choose_files('#photos', *photos)
    browser.wait(DONE.format(3))
    assert 'a.png (1 of 2)' in browser.run('document.body.innerText')
    browser.run('document.getElementById("next").click()')
    browser.wait(DONE.format(3) + ' && state.photo.name == "b.png"')
    assert 'b.png: 64 × 32' in browser.run('document.body.innerText')


def test_errors_are_shown_in_one_sentence(chromium, server, photos,
                                          tmp_path):
    browser = chromium
    opened(browser, server)
    bad, large = tmp_path / 'bad.jpg', tmp_path / 'large.png'
    bad.write_bytes(b'nothing')
    large.write_bytes(bytes(1_500_000))
    text = 'document.getElementById("error").textContent'
    browser.choose_files('#photos', bad)
    browser.wait(text)
    assert browser.run(text) == (
        'bad.jpg is not an image that cv2 can read.')
    browser.choose_files('#photos', large)
    browser.wait(f'{text}.includes("large.png has 1.4 MiB")')
    browser.choose_files('#clip', bad)
    browser.wait(f'{text}.includes("cannot play bad.jpg")')
    browser.choose_files('#photos', photos[0])
    browser.wait(DONE.format(3))
    assert not browser.run(text)


def test_frames_of_a_video(browser, server, photos, tmp_path):
    path = tmp_path / 'drive.webm'
    video = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'VP80'), 5, (64, 32))
    if not video.isOpened():
        pytest.skip('This OpenCV writes no WebM: no video was opened')
    for image in photos * 5:
        video.write(cv2.imread(str(image)))
    video.release()
    opened(browser, server)
    browser.choose_files('#clip', path)
    browser.wait(DONE.format(3) + ' && state.photo')
    assert browser.run('state.photo.name') == 'drive_0.00s.png'
    browser.run('document.getElementById("video").currentTime = 1')
    browser.wait('!document.getElementById("video").seeking')
    browser.run('document.getElementById("frame").click()')
    browser.wait(DONE.format(3) + ' && state.photo.name.includes("_1.0")')
    assert not browser.too_wide()


def test_frames_of_a_webcam(browser, server):
    """Chromium has a webcam for tests."""
    opened(browser, server)
    browser.run('document.getElementById("webcam").click()')
    browser.wait('document.getElementById("video").videoWidth > 0')
    browser.run('document.getElementById("continuous").click()')
    browser.wait(DONE.format(3) + ' && state.photo.name.includes("webcam")')
    first = browser.run('state.photo.name')
    browser.wait(f'state.photo.name != "{first}"')
    browser.run('document.getElementById("close").click()')
    assert browser.run('document.getElementById("video").srcObject') is None


def test_the_page_loads_nothing_from_elsewhere():
    folder = Path(__file__).parents[2] / 'mmseg_fst' / 'view'
    for name in ('viewer.html', 'viewer.css', 'viewer.js'):
        assert '//' not in (folder / name).read_text().replace(
            '// ', '').replace('/[/', '')

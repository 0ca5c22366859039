"""Headless Chromium, driven by the DevTools protocol over two pipes."""
import base64
import io
import json
import os
import select
import shutil
import subprocess
import time

import numpy as np
import pytest
from PIL import Image

# Seconds that a page may take.
_PATIENCE = 40
# What is wider than the window, except in a box that scrolls.
_TOO_WIDE = '''(() => {
  const scrolls = element => element && element !== document.body &&
    (['auto', 'scroll'].includes(getComputedStyle(element).overflowX) ||
     scrolls(element.parentElement));
  return [...document.body.querySelectorAll('*')].filter(element =>
    element.getBoundingClientRect().right > innerWidth + 1 &&
    !scrolls(element.parentElement)).map(element =>
    element.tagName + ' ' + element.className + ' ' +
    element.textContent.trim().slice(0, 40));
})()'''


class Browser:
    """A page in Chromium.

    Args:
        folder (Path): Where its profile is written.
    """

    def __init__(self, folder):
        program = shutil.which('chromium') or shutil.which('google-chrome')
        if program is None:
            pytest.skip('Chromium is not installed: no page was opened')
        # It reads commands from 3 and writes answers to 4.
        command_read, self._write = os.pipe()
        self._read, answer_write = os.pipe()
        self._process = subprocess.Popen(
            ['bash', '-c',
             f'exec 3<&{command_read} 4>&{answer_write}; exec "$@"', 'bash',
             program, '--headless', '--no-sandbox', '--disable-gpu',
             '--disable-dev-shm-usage', '--remote-debugging-pipe',
             '--use-fake-ui-for-media-stream',
             '--use-fake-device-for-media-stream',
             f'--user-data-dir={folder / "browser"}', 'about:blank'],
            pass_fds=(command_read, answer_write),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(command_read)
        os.close(answer_write)
        self._rest, self._count, self._session = b'', 0, None
        #: Messages of the console, and errors of scripts.
        self.errors = []
        target = self.send('Target.createTarget', url='about:blank')
        self._session = self.send(
            'Target.attachToTarget', targetId=target['targetId'],
            flatten=True)['sessionId']
        for part in ('Page', 'Runtime', 'Log', 'DOM'):
            self.send(f'{part}.enable')

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait(10)
        os.close(self._write)
        os.close(self._read)

    def send(self, method, **parameters):
        """Call a method of the protocol; returns its result."""
        self._count += 1
        call = dict(id=self._count, method=method, params=parameters)
        if self._session:
            call['sessionId'] = self._session
        os.write(self._write, json.dumps(call).encode() + b'\0')
        while True:
            answer = self._next()
            if answer.get('id') == self._count:
                assert 'error' not in answer, answer
                return answer['result']
            self._note(answer)

    def _next(self):
        """The next message of the browser."""
        while b'\0' not in self._rest:
            ready, _, _ = select.select([self._read], [], [], _PATIENCE)
            assert ready, 'Chromium does not answer'
            found = os.read(self._read, 2**20)
            assert found, 'Chromium has ended'
            self._rest += found
        message, _, self._rest = self._rest.partition(b'\0')
        return json.loads(message)

    def _note(self, message):
        """Collect errors among the events."""
        kind, content = message.get('method'), message.get('params', {})
        if kind == 'Runtime.exceptionThrown':
            self.errors.append(str(content['exceptionDetails']))
        elif kind == 'Log.entryAdded' and content['entry']['level'] == 'error':
            self.errors.append(str(content['entry']))

    def open(self, url, width=1400, height=900, dark=False):
        """Load a page in a window of a width."""
        self.send('Emulation.setDeviceMetricsOverride', width=width,
                  height=height, deviceScaleFactor=1, mobile=width < 600)
        self.send('Emulation.setEmulatedMedia', features=[
            dict(name='prefers-color-scheme',
                 value='dark' if dark else 'light')])
        self.send('Page.navigate', url=url)
        self.wait('document.readyState === "complete" && '
                  'location.href !== "about:blank"')

    def run(self, script):
        """Value of an expression of JavaScript, which may be a promise."""
        found = self.send('Runtime.evaluate', expression=script,
                          awaitPromise=True, returnByValue=True)
        assert 'exceptionDetails' not in found, found
        return found['result'].get('value')

    def wait(self, condition):
        """Wait until an expression is true."""
        end = time.monotonic() + _PATIENCE
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < end, (
                f'{condition}: {self.run("document.body.innerText")}')
            time.sleep(.05)

    def choose_files(self, selector, *paths):
        """Choose files of an input, as a user does."""
        root = self.send('DOM.getDocument')['root']['nodeId']
        node = self.send('DOM.querySelector', nodeId=root, selector=selector)
        self.send('DOM.setFileInputFiles', nodeId=node['nodeId'],
                  files=[str(path) for path in paths])

    def press(self, key):
        """Press a key."""
        for kind in ('keyDown', 'keyUp'):
            self.send('Input.dispatchKeyEvent', type=kind, key=key)

    def screenshot(self, path=None):
        """The page, all of it, as an RGB array (H, W, 3)."""
        content = base64.b64decode(self.send(
            'Page.captureScreenshot', captureBeyondViewport=True)['data'])
        if path is not None:
            path.write_bytes(content)
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image.convert('RGB'))

    def too_wide(self):
        """Elements beyond the right side of the window; none if all fit."""
        sides = self.run('[document.documentElement.scrollWidth, innerWidth]')
        found = self.run(_TOO_WIDE)
        return found or ([f'the page: {sides}'] if sides[0] > sides[1]
                         else [])

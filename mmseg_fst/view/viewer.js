'use strict';

const $ = id => document.getElementById(id);
// Of viridis, from 0 to 1; in viewer.css, too.
const HEAT = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const WRONG = [214, 39, 40];
const MOST_NETWORKS = 6;  // that are chosen at first
const state = {
  networks: [],
  mostBytes: 0,
  photos: [],       // File objects
  index: 0,
  photo: null,      // what is shown, a File
  results: [],      // by network: the prediction of `photo`
  hidden: new Set(),  // keys of legends and classes whose color is hidden
  point: null,      // x and y in [0, 1]
  task: null,       // AbortController of the running prediction
};

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)} %`;
}

function showError(text) {
  $('error').textContent = text;
  $('error').hidden = !text;
}

function bytesOf(text) {
  return Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
}

// Networks with the same classes and colors share a legend.
function legendOf(network) {
  return JSON.stringify([network.classes, network.palette]);
}

function chosen() {
  return state.networks.filter(network => network.box.checked);
}

// ---------------------------------------------------------------- sources

function choosePhotos(files) {
  state.photos = [...files];
  showPhoto(0);
}

function showPhoto(index) {
  closeVideo();
  state.index = index;
  $('several').hidden = state.photos.length < 2;
  $('counter').textContent = `${state.photos[index].name} (${index + 1} of ${state.photos.length})`;
  $('previous').disabled = index === 0;
  $('next').disabled = index === state.photos.length - 1;
  predict(state.photos[index]);
}

function openFiles(files) {
  const photos = [...files].filter(file => !file.type.startsWith('video/'));
  if (photos.length)
    choosePhotos(photos);
  else if (files.length)
    openVideo(files[0]);
}

function openVideo(file) {
  closeVideo();
  showError('');
  const video = $('video');
  video.src = URL.createObjectURL(file);
  video.dataset.name = file.name;
  video.controls = true;
  $('moving').hidden = false;
  $('several').hidden = true;
  video.onloadeddata = () => predictFrame();
  video.onerror = () => {
    closeVideo();
    showError(`This browser cannot play ${file.name}; predict it with tools/predict.py.`);
  };
}

async function openWebcam() {
  closeVideo();
  showError('');
  try {
    if (!navigator.mediaDevices)
      throw new Error('browsers allow it at localhost and by https alone');
    const stream = await navigator.mediaDevices.getUserMedia({video: {width: {ideal: 1280}}});
    const video = $('video');
    video.srcObject = stream;
    video.controls = false;
    video.dataset.name = 'webcam';
    $('moving').hidden = false;
    $('several').hidden = true;
    await video.play();
  } catch (error) {
    closeVideo();
    showError(`The webcam cannot be used: ${error.message}.`);
  }
}

function closeVideo() {
  const video = $('video');
  $('continuous').checked = false;
  $('moving').hidden = true;
  video.pause();
  video.onloadeddata = video.onerror = null;
  if (video.srcObject)
    video.srcObject.getTracks().forEach(track => track.stop());
  video.srcObject = null;
  if (video.src) {
    URL.revokeObjectURL(video.src);
    video.removeAttribute('src');
  }
}

async function predictFrame() {
  const video = $('video');
  if (!video.videoWidth)
    return;
  const canvas = element('canvas', {width: video.videoWidth, height: video.videoHeight});
  canvas.getContext('2d').drawImage(video, 0, 0);
  const blob = await new Promise(done => canvas.toBlob(done, 'image/png'));
  const stem = video.dataset.name.replace(/\.\w+$/, '');
  await predict(new File([blob], `${stem}_${video.currentTime.toFixed(2)}s.png`));
}

async function predictContinuously() {
  let last = null;
  while ($('continuous').checked) {
    const time = $('video').currentTime;
    if (time !== last)
      await predictFrame();
    last = time;
    await new Promise(done => setTimeout(done, 100));
  }
}

// ------------------------------------------------------------- prediction

async function predict(photo) {
  if (photo !== state.photo) {
    state.photo = photo;
    state.results = [];
  }
  state.task?.abort();
  const task = state.task = new AbortController();
  showError('');
  showFigures();
  if (photo.size > state.mostBytes) {
    showError(`${photo.name} has ${(photo.size / 2 ** 20).toFixed(1)} MiB, more than the ` +
      `${state.mostBytes / 2 ** 20} MiB that are accepted; use tools/predict.py.`);
    return;
  }
  const withConfidence = $('view').value === 'confidence';
  const open = chosen().filter(({index}) => !state.results[index] ||
    withConfidence && !state.results[index].confidence);
  for (const [done, network] of open.entries()) {
    $('status').textContent = `Predicting ${photo.name}: ${network.title} (${done + 1} of ${open.length}) …`;
    let answer;
    try {
      const query = new URLSearchParams(
        {network: network.index, name: photo.name, confidence: Number(withConfidence)});
      const response = await fetch(`predict?${query}`, {method: 'POST', body: photo, signal: task.signal});
      answer = await response.json();
    } catch (error) {
      if (error.name === 'AbortError')
        return;
      answer = {error: 'The program does not answer: start it again, and load this page again.'};
    }
    if (answer.error) {
      $('status').textContent = '';
      showError(answer.error);
      showFigures();
      return;
    }
    answer.label = bytesOf(answer.label);
    answer.confidence = answer.confidence && bytesOf(answer.confidence);
    state.results[network.index] = answer;
    showFigures();
  }
  describe();
}

function describe() {
  const found = chosen().map(({index}) => state.results[index]).find(Boolean);
  $('status').textContent = !found ? '' :
    [`${state.photo.name}: ${found.size[1]} × ${found.size[0]} pixels.`, found.note].join(' ').trim();
}

// ---------------------------------------------------------------- figures

function buildFigure(network) {
  const figure = element('figure');
  network.figure = figure;
  network.time = element('span');
  network.image = element('img', {alt: ''});
  network.canvas = element('canvas');
  network.cross = element('span', {className: 'cross', hidden: true});
  network.stage = element('div', {className: 'stage', tabIndex: 0}, network.image, network.canvas, network.cross);
  network.stage.setAttribute('role', 'img');
  network.stage.setAttribute('aria-label',
    `Prediction of ${network.title}; the arrow keys move the point whose class is named below`);
  network.text = element('p', {className: 'point'});
  const enlarge = element('button', {type: 'button', textContent: 'Enlarge'});
  enlarge.addEventListener('click', () => toggleEnlarged(figure, enlarge));
  figure.append(
    element('figcaption', {}, element('strong', {textContent: network.title}), network.time),
    network.stage, element('div', {className: 'under'}, network.text, enlarge));
  const move = event => {
    const box = network.stage.getBoundingClientRect();
    movePoint((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  network.stage.addEventListener('pointermove', event => event.pointerType === 'mouse' && move(event));
  network.stage.addEventListener('click', move);
  network.stage.addEventListener('keydown', event => {
    const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
    if (!step)
      return;
    event.preventDefault();
    const {x, y} = state.point || {x: .5, y: .5};
    movePoint(x + step[0] * .01, y + step[1] * .01);
  });
  return figure;
}

function toggleEnlarged(figure, button) {
  const large = figure.classList.toggle('enlarged');
  document.body.style.overflow = large ? 'hidden' : '';
  button.textContent = large ? 'Close' : 'Enlarge';
  button.focus();
}

function movePoint(x, y) {
  const within = value => Math.min(Math.max(value, 0), .9999);
  state.point = {x: within(x), y: within(y)};
  state.networks.forEach(showPoint);
}

function showPoint(network) {
  const result = state.results[network.index];
  network.cross.hidden = !state.point || !result;
  network.text.textContent = network.summary;
  if (network.cross.hidden)
    return;
  const {x, y} = state.point;
  network.cross.style.left = `${100 * x}%`;
  network.cross.style.top = `${100 * y}%`;
  const at = Math.floor(y * result.height) * result.width + Math.floor(x * result.width);
  const sure = result.confidence ? ` (${percent(result.confidence[at] / 255, 0)})` : '';
  const text = `At the point: ${network.classes[result.label[at]]}${sure}`;
  network.text.textContent = [network.summary, text].filter(Boolean).join('. ');
}

// What there is to say of a whole image in the present view.
function summaryOf(network, result) {
  const view = $('view').value;
  if (view === 'confidence' && result?.confidence) {
    const sum = result.confidence.reduce((total, value) => total + value, 0);
    return `Mean confidence: ${percent(sum / result.confidence.length / 255)}`;
  }
  if (view === 'difference' && result) {
    const differs = differenceOf(network, result);
    if (differs === 'first')
      return 'The others are compared with this network';
    if (!differs)
      return 'It has other classes than the first network';
    return `Differs at ${percent(differs.reduce((total, value) => total + value, 0) / differs.length)} of the pixels`;
  }
  return '';
}

// 1 where a network differs from the first one; null if they have other classes.
function differenceOf(network, result) {
  const first = chosen().find(other => state.results[other.index]);
  if (first === network)
    return 'first';
  const base = state.results[first.index];
  if (first.classes.join('\n') !== network.classes.join('\n') || base.label.length !== result.label.length)
    return null;
  return result.label.map((value, at) => value === base.label[at] ? 0 : 1);
}

// Colors of the label ids 0 to 255 as 32 bits; 0 is transparent.
function colorsOf(network, alpha) {
  const key = legendOf(network);
  const colors = new Uint32Array(256);
  network.palette.forEach((color, index) => {
    if (!network.unpainted.includes(index) && !state.hidden.has(`${key}/${index}`))
      colors[index] = pack(color, alpha);
  });
  return colors;
}

// Bytes are in the order of the machine: little endian everywhere today.
function pack([red, green, blue], alpha) {
  return (Math.round(255 * alpha) << 24 | blue << 16 | green << 8 | red) >>> 0;
}

// Classes have outlines of twice the opacity, as in tools/predict.py.
function paintClasses(target, network, {width, label}, alpha) {
  const inside = colorsOf(network, alpha);
  const outline = colorsOf(network, Math.min(1, 2 * alpha));
  const {length} = label;
  for (let at = 0; at < length; at++) {
    const value = label[at];
    const same = (at < width || label[at - width] === value) &&
      (at + width >= length || label[at + width] === value) &&
      (at % width === 0 || label[at - 1] === value) &&
      (at % width === width - 1 || label[at + 1] === value);
    target[at] = (same ? inside : outline)[value];
  }
}

function heatColors(alpha) {
  return Uint32Array.from({length: 256}, (_, value) => {
    const place = Math.min(value / 255 * (HEAT.length - 1), HEAT.length - 1.001);
    const low = Math.floor(place);
    return pack(HEAT[low].map((part, channel) =>
      Math.round(part + (place - low) * (HEAT[low + 1][channel] - part))), alpha);
  });
}

function paint(network) {
  const result = state.results[network.index];
  const {width, height} = result;
  const alpha = $('opacity').value / 100;
  const pixels = new ImageData(width, height);
  const target = new Uint32Array(pixels.data.buffer);
  const view = $('view').value;
  if (view === 'classes')
    paintClasses(target, network, result, alpha);
  if (view === 'confidence' && result.confidence) {
    const colors = heatColors(alpha);
    result.confidence.forEach((value, at) => { target[at] = colors[value]; });
  }
  if (view === 'difference') {
    const differs = differenceOf(network, result);
    if (differs && differs !== 'first')
      differs.forEach((value, at) => { target[at] = value * pack(WRONG, alpha); });
  }
  Object.assign(network.canvas, {width, height});
  network.canvas.getContext('2d').putImageData(pixels, 0, 0);
}

function showFigures() {
  for (const network of state.networks) {
    const result = state.results[network.index];
    network.figure.hidden = !network.box.checked || !network.image.src && !result;
    network.stage.classList.toggle('busy', !result);
    if (result) {
      if (network.image.src !== result.image)
        network.image.src = result.image;
      network.image.alt = state.photo.name;
      network.time.textContent = `${result.seconds.toFixed(2)} s`;
    }
    network.summary = summaryOf(network, result);
    showPoint(network);
  }
  $('scale').hidden = $('view').value !== 'confidence' || !state.results.some(Boolean);
  showOpacity();
  showLegends();
}

function showOpacity() {
  $('opacity_value').textContent = `${$('opacity').value} %`;
  chosen().filter(({index}) => state.results[index]).forEach(paint);
}

// ---------------------------------------------------------------- legends

function showLegends() {
  const groups = new Map();
  for (const network of chosen().filter(({index}) => state.results[index])) {
    const key = legendOf(network);
    groups.set(key, [...groups.get(key) || [], network]);
  }
  const focused = document.activeElement?.dataset?.key;
  $('legends').replaceChildren(...[...groups].map(([key, networks]) => buildLegend(key, networks)));
  if (focused)
    [...$('legends').querySelectorAll('input')].find(box => box.dataset.key === focused)?.focus();
}

function buildLegend(key, networks) {
  const [first] = networks;
  const shares = networks.map(({index}) => state.results[index].shares);
  const most = first.classes.map((_, index) => Math.max(...shares.map(share => share[index])));
  const order = [...most.keys()].sort((a, b) => most[b] - most[a] || a - b);
  const rows = order.filter(index => most[index] > 0).map(index => {
    const box = element('input', {type: 'checkbox', checked: !state.hidden.has(`${key}/${index}`)});
    box.dataset.key = `${key}/${index}`;
    box.addEventListener('change', () => {
      state.hidden[box.checked ? 'delete' : 'add'](`${key}/${index}`);
      showFigures();
    });
    const swatch = element('span', {className: 'swatch'});
    if (first.unpainted.includes(index))
      swatch.classList.add('bare');
    else
      swatch.style.background = `rgb(${first.palette[index].join()})`;
    return element('tr', {},
      element('th', {scope: 'row'}, element('label', {}, box, swatch,
        element('span', {textContent: first.classes[index]}))),
      ...shares.map(share => {
        const cell = element('td', {textContent: share[index] ? percent(share[index]) : '–'});
        cell.style.setProperty('--share', `${100 * share[index]}%`);
        return cell;
      }));
  });
  const absent = order.filter(index => !most[index]).map(index => first.classes[index]);
  const head = element('tr', {}, element('th', {textContent: 'class'}),
    ...networks.map(({run, network}) => element('th', {scope: 'col'},
      run, element('span', {textContent: network}))));
  const legend = element('section', {},
    element('h2', {textContent: 'Classes and their share of the pixels'}),
    element('p', {className: 'note', textContent: 'Clear the box of a class to hide its color.'}),
    element('div', {className: 'wide', tabIndex: 0},
      element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows))));
  if (absent.length)
    legend.append(element('p', {className: 'note', textContent: `Not predicted here: ${absent.join(', ')}.`}));
  return legend;
}

// ------------------------------------------------------------------ start

function listen() {
  for (const [id, open] of [['photos', choosePhotos], ['clip', files => openVideo(files[0])]])
    $(id).addEventListener('change', event => {
      if (event.target.files.length)
        open(event.target.files);
      event.target.value = '';  // so that the same file can be chosen again
    });
  $('webcam').addEventListener('click', openWebcam);
  $('previous').addEventListener('click', () => showPhoto(state.index - 1));
  $('next').addEventListener('click', () => showPhoto(state.index + 1));
  $('frame').addEventListener('click', predictFrame);
  $('close').addEventListener('click', closeVideo);
  $('continuous').addEventListener('change', predictContinuously);
  $('opacity').addEventListener('input', showOpacity);
  $('view').addEventListener('change', update);
  for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'])
    addEventListener(name, event => {
      event.preventDefault();
      $('drop').classList.toggle('over', name.startsWith('dragenter') || name === 'dragover');
    });
  addEventListener('drop', event => openFiles(event.dataTransfer.files));
  addEventListener('paste', event => openFiles(event.clipboardData.files));
  addEventListener('keydown', event => {
    if (event.key === 'Escape')
      document.querySelector('.enlarged button')?.click();
  });
}

// Paint again, and predict what is missing.
function update() {
  showFigures();
  if (state.photo)
    predict(state.photo);
}

async function start() {
  listen();
  try {
    const description = await (await fetch('networks')).json();
    state.mostBytes = description.most_bytes;
    state.networks = description.networks;
  } catch {
    showError('The program does not answer: start it again, and load this page again.');
    return;
  }
  const runs = [...new Set(state.networks.map(({run}) => run))];
  $('runs').textContent = `${runs.length === 1 ? 'Run' : 'Runs'}: ${runs.join('; ')}`;
  state.networks.forEach((network, index) => {
    network.index = index;
    network.box = element('input', {type: 'checkbox', checked: index < MOST_NETWORKS});
    network.box.addEventListener('change', update);
    $('networks').append(element('label', {}, network.box, network.title));
    $('results').append(buildFigure(network));
    network.figure.hidden = true;
  });
  document.body.dataset.ready = 'true';
}

start();

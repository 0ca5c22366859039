"""Check tests, demo, speed and memory on a GPU.

    sh tools/gpu_check.sh
    sh tools/gpu_check.sh --out check.json --only tests demo
    sh tools/gpu_check.sh --cpu --crop 64 --rounds 1

The stages run one after another, each in a separate process, so that a
failure of one does not end the others:

tests    the tests that need a GPU: pytest -m cuda
demo     50 iterations of FST on the generated streets, and a validation
float32  the mean teacher and FST-D (K = 3) with MiT-B5 and the head of
         DAFormer, batch 2 + 2: seconds of a step, peak memory
waits    the same steps with torch.cuda.set_sync_debug_mode('error'): nothing
         in them may wait for the GPU
fast     as float32, in bfloat16, NHWC, with fused attention, compiled

After each stage the result is written as JSON: by stage `status` ("passed",
"failed", or "not run" where the time was over), `seconds`, and what was
measured, or the end of the output of a failed stage. The exit status is 1
unless all selected stages have passed.

--cpu runs the stages on a CPU, to test the script itself; `tests` and `waits`
are then "not run".
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from benchmarks.random_run import use_random_images
from benchmarks.step_rows import AUTOCAST
from benchmarks.stepper import Stepper, seconds_of

from mmseg_fst.apis import read_config
from mmseg_fst.utils.files import atomic_write

ROOT = Path(__file__).parents[1]
STAGES = ('tests', 'demo', 'float32', 'waits', 'fast')
ROWS: dict[str, dict[str, Any]] = dict(
    mean_teacher=dict(type='MeanTeacherHook'),
    fst_d=dict(type='FSTHook', depth=3))
FAST = dict(
    AUTOCAST, channels_last=True, fused_attention=True, compile_networks=True)
CONFIG = 'configs/uda/gta2cityscapes_mit-b5-daformer_daformer.py'


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--out', type=Path, default=Path('gpu_check.json'),
        help='file of the result; default: gpu_check.json')
    parser.add_argument(
        '--only', nargs='+', choices=STAGES, default=STAGES, metavar='STAGE',
        help=f'stages to run; default: {" ".join(STAGES)}')
    parser.add_argument(
        '--minutes', type=float, default=8,
        help='time of all stages together; default: 8')
    parser.add_argument(
        '--crop', type=int, default=512,
        help='side length of the images; default: 512')
    parser.add_argument(
        '--rounds', type=int, default=5,
        help='steps that are timed, after two that are not; default: 5')
    parser.add_argument(
        '--cpu', action='store_true',
        help='run on a CPU, with MiT-B0 in place of MiT-B5')
    parser.add_argument('--stage', choices=STAGES, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Run from the command line."""
    args = parse_args()
    if args.stage:
        print(json.dumps(measure(args)))
        return
    if not (args.cpu or torch.cuda.is_available()):
        sys.exit('No GPU: PyTorch finds no CUDA device. See docs/install.md, '
                 'or test the script with --cpu.')
    result: dict[str, Any] = dict(device=describe(args), stages={})
    deadline = time.monotonic() + 60 * args.minutes
    for stage in args.only:
        print(f'{stage} ...', file=sys.stderr)
        result['stages'][stage] = run_stage(stage, deadline, args)
        with atomic_write(args.out) as path:
            path.write_text(json.dumps(result, indent=2) + '\n')
        print(json.dumps({stage: result['stages'][stage]}), file=sys.stderr)
    print(f'The result is in {args.out}.')
    statuses = {each['status'] for each in result['stages'].values()}
    sys.exit(statuses != {'passed'})


def describe(args: argparse.Namespace) -> dict[str, Any]:
    """Describe the machine, and the size of the measurements."""
    commit = subprocess.run(
        ['git', 'rev-parse', '--short', 'HEAD'], cwd=ROOT,
        capture_output=True, text=True).stdout.strip()
    return dict(
        name='cpu' if args.cpu else torch.cuda.get_device_name(),
        torch=torch.__version__, cuda=torch.version.cuda, commit=commit,
        crop=args.crop, rounds=args.rounds)


def run_stage(stage: str, deadline: float,
              args: argparse.Namespace) -> dict[str, Any]:
    """Run a stage in a separate process.

    Args:
        stage (str): One of ``STAGES``.
        deadline (float): When the time of all stages is over, on the clock
            of :func:`time.monotonic`.
        args (Namespace): The command line.

    Returns:
        dict[str, Any]: ``status``, ``seconds``, and the measurements of the
        stage or the end of its ``output``.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        return dict(status='not run', reason='the time was over')
    if args.cpu and stage in ('tests', 'waits'):
        return dict(status='not run', reason='needs a GPU')
    environment = dict(os.environ)
    if args.cpu:
        environment['CUDA_VISIBLE_DEVICES'] = ''
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = command_of(stage, folder, args)
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, timeout=left, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired as error:
            output = error.stdout or b''
            return dict(status='failed', seconds=round(left, 1),
                        output=['the time was over', *tail(output.decode())])
    result = dict(
        status='failed' if done.returncode else 'passed',
        seconds=round(time.monotonic() - start, 1))
    if done.returncode:
        return dict(result, output=tail(done.stdout))
    if stage == 'tests':
        return dict(result, last_line=tail(done.stdout)[-1])
    if stage == 'demo':
        return dict(result, scores=[
            line for line in tail(done.stdout) if 'mIoU' in line])
    return dict(result, **json.loads(done.stdout.splitlines()[-1]))


def command_of(stage: str, folder: str,
               args: argparse.Namespace) -> list[str]:
    """Return the command line of a stage.

    Args:
        stage (str): One of ``STAGES``.
        folder (str): Folder for results that are deleted afterwards.
        args (Namespace): The command line.

    Returns:
        list[str]: The command line.
    """
    if stage == 'tests':
        return [sys.executable, '-m', 'pytest', '-q', '-rs', '-m', 'cuda']
    if stage == 'demo':
        iterations = 4 if args.cpu else 50
        return [
            'sh', 'train.sh',  # generates the data
            'configs/demo/streets_fst.py', '--work-dir', folder,
            '--cfg-options', f'train_cfg.max_iters={iterations}',
            f'train_cfg.val_interval={iterations}'
        ]
    return [
        sys.executable, __file__, '--stage', stage, '--crop', str(args.crop),
        '--rounds', str(args.rounds), *['--cpu'] * args.cpu
    ]


def tail(output: str, lines: int = 30) -> list[str]:
    """Return the last lines of an output."""
    return output.splitlines()[-lines:]


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Measure the steps of a stage in this process.

    Args:
        args (Namespace): The command line.

    Returns:
        dict[str, Any]: For ``waits`` nothing, else by row of ``ROWS`` the
        ``seconds`` of a step (median of interleaved rounds), their ``ratio``
        to the mean teacher and the ``peak_megabytes`` of the GPU.
    """
    steps, memory = {}, {}
    for name, hook in ROWS.items():
        before = 0
        if not args.cpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
        steps[name] = Stepper(config_of(hook, args))
        for _ in range(2):  # allocates, selects algorithms, compiles
            steps[name]()
        if not args.cpu:
            peak = torch.cuda.max_memory_allocated() - before
            memory[name] = round(peak / 2**20)
    if args.stage == 'waits':
        for step in steps.values():
            step_without_waiting(step)
        return {}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(args.rounds):
        for name, step in steps.items():
            times[name].append(seconds_of(step))
    baseline = times['mean_teacher']
    return {
        name: dict(
            seconds=round(median(seconds), 4),
            ratio=round(median(
                value / base for value, base in zip(seconds, baseline)), 2),
            peak_megabytes=memory.get(name))
        for name, seconds in times.items()
    }


def config_of(hook: dict, args: argparse.Namespace) -> Any:
    """Return the config of a row, on random images."""
    cfg = read_config(str(ROOT / CONFIG))
    cfg.custom_hooks = [hook]
    if args.cpu:
        cfg.merge_from_dict({'model.segmentor.backbone.num_layers': [1] * 4})
    if args.stage == 'fast':
        cfg.merge_from_dict(
            dict(FAST, compile_networks=False) if args.cpu else FAST)
    if args.stage == 'waits':
        cfg.non_finite = None  # the guard waits once, on purpose
    use_random_images(cfg, 2, 10**6, args.crop)
    return cfg


def step_without_waiting(step: Stepper) -> None:
    """Run an iteration in which waiting for the GPU is an error.

    Args:
        step (Stepper): The iteration. Its batch is moved to the GPU first.

    Raises:
        RuntimeError: If the host waits for the GPU.
    """
    model = step.runner.model
    step.batch = model.data_preprocessor.cast_data(step.batch)
    torch.cuda.set_sync_debug_mode('error')
    try:
        step()
    finally:
        torch.cuda.set_sync_debug_mode('default')


if __name__ == '__main__':
    main()

#!/usr/bin/env python3
"""Runs clang-tidy over the sources named in BUILD/compile_commands.json, as many at once as there are cores.

A clean result is remembered in BUILD/tidy/ under a hash of everything it rests on (the tool, .clang-tidy, the command, the
source and every header of ours that it includes), so that a second call looks only at what changed. Status 1 on a finding.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def closure(path, folders, seen):
    """The file and, through their include lines, all headers found in folders."""
    if path in seen:
        return
    seen[path] = path.read_bytes()
    for name in INCLUDE.findall(seen[path]):
        for folder in [path.parent, *folders]:
            target = folder / name.decode()
            if target.is_file():
                closure(target.resolve(), folders, seen)
                break


def fingerprint(base, entry, source):
    folders = [(Path(entry['directory']) / folder).resolve() for folder in re.findall(r'-I(\S+)', entry['command'])]
    files = {}
    closure(source, folders, files)
    digest = hashlib.sha256(base + entry['command'].encode())
    for path in sorted(files):
        digest.update(str(path).encode() + b'\0' + files[path] + b'\0')
    return digest.hexdigest()


def examine(build, memory, base, entry):
    source = (Path(entry['directory']) / entry['file']).resolve()
    mark = memory / fingerprint(base, entry, source)
    if mark.exists():
        return source, None
    done = subprocess.run(['clang-tidy', '--quiet', '-p', str(build), str(source)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0:
        mark.touch()
        return source, ''
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not re.match(r'\d+ warnings? ', line)]
    return source, '\n'.join(lines)


def main():
    build = ROOT / sys.argv[1]
    memory = build / 'tidy'
    memory.mkdir(exist_ok=True)
    version = subprocess.run(['clang-tidy', '--version'], capture_output=True, check=True).stdout
    base = version + (ROOT / '.clang-tidy').read_bytes()
    entries = json.loads((build / 'compile_commands.json').read_text())
    ours = {entry['file']: entry for entry in entries
            if (Path(entry['directory']) / entry['file']).resolve().is_relative_to(ROOT / 'src')}
    looked, bad = 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for source, output in pool.map(lambda entry: examine(build, memory, base, entry), ours.values()):
            looked += output is not None
            if output:
                bad += 1
                print(re.sub(r'(?m)^(\S*?/)?\.\./src/', 'src/', output.replace(str(ROOT) + '/', '')), flush=True)
    print(f'{len(ours)} sources, {looked} looked at, {bad} with findings')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())

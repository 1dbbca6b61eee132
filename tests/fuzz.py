#!/usr/bin/env python3
"""fuzz.py BUILD NAME SECONDS PROGRAM...: runs the fuzz targets whose name contains NAME, each for SECONDS.

A target src/a/x_fuzz.c starts from the inputs in src/a/x_corpus and tests/corpora/x; what it finds to be worth keeping goes
to BUILD/corpus/x, which the next run starts from too. A crash is written to BUILD/crash-x-…; copy it into src/a/x_corpus,
where the tests replay it for ever, then mend the code.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_INPUT = 65536
TAIL_LINES = 60


def main():
    build, wanted, seconds = ROOT / sys.argv[1], sys.argv[2], int(sys.argv[3])
    programs = [Path(program) for program in sys.argv[4:] if wanted in Path(program).name]
    if not programs:
        print(f'no fuzz target is named like {wanted}; there are:', *sorted(Path(p).name for p in sys.argv[4:]))
        return 64
    failed = []
    for program in programs:
        name = program.name.removesuffix('_fuzz')
        kept = build / 'corpus' / name
        kept.mkdir(parents=True, exist_ok=True)
        given = [folder for folder in (ROOT / program.parent / f'{name}_corpus', ROOT / 'tests/corpora' / name)
                 if folder.is_dir()]
        print(f'fuzz {name}: {seconds} s from {sum(len(list(f.iterdir())) for f in given + [kept])} inputs', flush=True)
        done = subprocess.run([str(build / program), str(kept), *map(str, given), f'-max_total_time={seconds}',
                               f'-max_len={LONGEST_INPUT}', '-timeout=10', '-print_final_stats=1', '-verbosity=0',
                               f'-artifact_prefix={build}/crash-{name}-'], cwd=ROOT, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors='replace')
        runs = re.search(r'number_of_executed_units:\s*(\d+)', done.stdout)
        print(f'  {int(runs[1]):,} runs' if runs else '  no figures', flush=True)
        if done.returncode != 0:
            failed.append(name)
            print('\n'.join(done.stdout.splitlines()[-TAIL_LINES:]), flush=True)
    print('fuzz: ' + (f'findings in {", ".join(failed)}' if failed else f'{len(programs)} targets, no findings'))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())

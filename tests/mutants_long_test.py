#!/usr/bin/env python3
# suite: long
# build: plain
"""The authorisation matrix fails for each of many faults in rights, sight and sign-in (tests/mutants/more/*.patch)."""
import sys

import mutants

if __name__ == '__main__':
    sys.exit(mutants.main(mutants.ROOT / 'tests/mutants/more'))

#!/usr/bin/env python3
# suite: slow
# build: plain
"""The authorisation matrix fails when one check of access is wrong (tests/mutants/*.patch)."""
import sys

import mutants

if __name__ == '__main__':
    sys.exit(mutants.main(mutants.ROOT / 'tests/mutants'))

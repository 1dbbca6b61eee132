#!/usr/bin/env python3
"""The authorisation matrix (matrix_test.py) on the smallest pack, quick enough for every run and under the sanitizers:
papers and their blind review. The pack has one type more, added by a file of YAML alone (canary_test.py: OFFER): the
matrix plants it, asks about it and takes its steps like any other."""
import sys
import tempfile

import canary_test
import matrix_test

if __name__ == '__main__':
    with tempfile.TemporaryDirectory(prefix='firstmile-offers-') as folder:
        sys.exit(matrix_test.main(['--all', str(canary_test.with_offers(matrix_test.ROOT / 'tests/packs/mini', folder))]))

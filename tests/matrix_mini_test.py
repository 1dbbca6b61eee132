#!/usr/bin/env python3
"""The authorisation matrix (matrix_test.py) on the smallest pack, quick enough for every run and under the
sanitizers: papers and their blind review."""
import sys

import matrix_test

if __name__ == '__main__':
    sys.exit(matrix_test.main(['tests/packs/mini']))

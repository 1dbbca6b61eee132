#!/usr/bin/env python3
# suite: long
# build: plain
"""The authorisation matrix of the Shanghai pack (matrix_test.py), in which everybody asks about everything."""
import sys

import matrix_test

if __name__ == '__main__':
    sys.exit(matrix_test.main(['--all', 'packs/shanghai']))

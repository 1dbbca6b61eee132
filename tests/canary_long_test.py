#!/usr/bin/env python3
# suite: long
# build: plain
"""The twin cities of canary_test.py, for a reader of every role of every pack."""
import sys

import canary_test

if __name__ == '__main__':
    sys.exit(canary_test.main(['--all']))

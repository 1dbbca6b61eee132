#!/usr/bin/env python3
# suite: long
# build: plain
"""import_test.py with 100,000 rows."""
import random
import sys

import import_test

if __name__ == '__main__':
    sys.exit(import_test.main(100_000, random.randrange(1 << 32)))

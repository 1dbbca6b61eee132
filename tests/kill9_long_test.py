#!/usr/bin/env python3
# suite: long alone
"""The proof of kill9_test.py over many rounds."""
import sys

import kill9_test

if __name__ == '__main__':
    sys.exit(kill9_test.main(rounds=60))

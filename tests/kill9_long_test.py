#!/usr/bin/env python3
"""The proof of kill9_test.py over many rounds.
# suite: long alone
"""
import sys

import kill9_test

if __name__ == '__main__':
    sys.exit(kill9_test.main(rounds=100))

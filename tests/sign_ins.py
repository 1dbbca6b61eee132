#!/usr/bin/env python3
"""Reads the JSON of `firstmile user list DIR --json` and prints one sign-in a line: login, and what it stands for."""
import json
import sys


def main():
    users = json.load(sys.stdin)
    for user in users['items'] if isinstance(users, dict) else users:
        print('         ', user['login'].ljust(14), user.get('name') or '')


if __name__ == '__main__':
    main()

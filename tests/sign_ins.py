#!/usr/bin/env python3
"""Reads the JSON of `firstmile user list DIR --json` and prints one sign-in a line: login, role, organisation."""
import json
import sys


def main():
    for user in json.load(sys.stdin)['items']:
        as_what = [f"{row['role_label']}, {row['organisation']['name']}" for row in user['memberships']]
        print(f"  {user['login']:12} {'; '.join(as_what)}")


if __name__ == '__main__':
    main()

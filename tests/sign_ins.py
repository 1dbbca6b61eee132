#!/usr/bin/env python3
"""Reads what `firstmile user list DIR --json` says, once in each language, a line each, and prints one sign-in a line: login, role in
every language, organisation."""
import json
import sys


def sign_ins(documents):
    for users in zip(*(document['items'] for document in documents)):
        as_what = []
        for rows in zip(*(user['memberships'] for user in users)):
            labels = dict.fromkeys(row['role_label'] for row in rows)  # once, where languages agree
            as_what.append(f"{' / '.join(labels)}, {rows[0]['organisation']['name']}")
        yield f"  {users[0]['login']:12} {'; '.join(as_what)}"


def main():
    print('\n'.join(sign_ins([json.loads(line) for line in sys.stdin])))


if __name__ == '__main__':
    main()

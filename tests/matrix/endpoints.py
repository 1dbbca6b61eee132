"""The program's addresses, and the policy about each (endpoints.csv), which stands apart from them and is reviewed by
hand.

    allow    everybody; signed_in (else 401, or the way to the sign-in page); watcher (operators, from this machine);
             machine (whoever runs the machine, through the city's socket; from the network no such address)
    subject  what the address is about: calls.py has the calls and the expectations of each subject
    example  an address, or for machine a body, to try it with
"""
import csv
import re
from dataclasses import dataclass
from pathlib import Path

ROW = re.compile(r'\{\s*METHOD_(\w+),\s*(RECORDS\s*)?(?:"([^"]*)")?,\s*\w+,\s*ALLOW_(\w+)(.*)\}')
RECORDS = '/api/v1/records/{type}'
ALLOW = {'ALL': 'everybody', 'SIGNED_IN': 'signed_in', 'WATCH': 'watcher', 'OPERATOR': 'machine'}


@dataclass(frozen=True)
class Endpoint:
    method: str
    pattern: str
    allow: str
    subject: str
    example: str
    page: bool

    def __str__(self):
        return f'{self.method} {self.pattern}'


def table(root):
    """Rows of src/web/endpoints.c: {(method, pattern): (allow, page)}."""
    found = {}
    text = (root / 'src/web/endpoints.c').read_text(encoding='utf-8')
    for line in re.sub(r'\n {6,}', ' ', text).splitlines():      # a long row goes on, indented, on the next line
        match = ROW.search(line)
        if match:
            pattern = (RECORDS if match[2] else '') + (match[3] or '')
            found[match[1], pattern] = (ALLOW[match[4]], '.page = PAGE_' in match[5])
        elif line.strip().startswith('{ METHOD_'):
            raise ValueError(f'no reading for this row of the table of endpoints: {line.strip()}')
    return found


def documented(openapi):
    """Addresses of an OpenAPI document."""
    return {(method.upper(), path) for path, operations in openapi['paths'].items() for method in operations}


def with_policy(root):
    """Endpoints with their policy, and what is wrong between table and policy."""
    rows, found, wrong = table(root), [], []
    with open(Path(__file__).with_name('endpoints.csv'), encoding='utf-8', newline='') as file:
        policies = {(row['method'], row['pattern']): row for row in csv.DictReader(file)}
    for key, (allow, page) in rows.items():
        policy = policies.pop(key, None)
        if policy is None:
            wrong.append(f'{key[0]} {key[1]}: an endpoint without policy (tests/matrix/endpoints.csv)')
        elif policy['allow'] != allow:
            wrong.append(f'{key[0]} {key[1]}: open to {allow}; by policy to {policy["allow"]}')
        else:
            found.append(Endpoint(*key, allow, policy['subject'], policy['example'], page))
    wrong += [f'{method} {pattern}: a policy without endpoint' for method, pattern in policies]
    return found, wrong

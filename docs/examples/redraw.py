#!/usr/bin/env python3
"""Draws the panel of a screening round once more, from what the round has published, and says whether it is the same.

    firstmile show CITY screening_round ID --json | python3 redraw.py
"""
import hashlib
import json
import sys

fields = json.load(sys.stdin)['fields']
places = {}
for seat in fields['seats']:
    places[seat['group']] = places.get(seat['group'], 0) + seat['places']
keys = []
for line in fields['pool'].splitlines():
    expert, group = line.split(' ')
    text = f"firstmile draw 1\n{fields['seed']}\n{expert}\n"
    keys.append((list(places).index(group), hashlib.sha256(text.encode()).hexdigest(), expert, group))
again = []
for _, _, expert, group in sorted(keys):
    if sum(one[1] == group for one in again) < places[group]:
        again.append((expert, group))
drawn = [(row['expert'], row['group']) for row in sorted(fields['drawn'], key=lambda row: row['place'])]
print('the same' if drawn == again else 'ANOTHER', f'{len(again)} of {len(keys)} experts')
sys.exit(drawn != again)

#!/usr/bin/env python3
"""Computes the contrast of every ink on every plane that it stands on, in light and dark (WCAG 2.2: 1.4.3 and 1.4.11), and
checks that the two dark blocks of the stylesheet hold the same values."""
import re
import sys
from pathlib import Path

STYLE = Path(__file__).resolve().parents[2] / 'web/style/firstmile.css'
TEXT, CONTROL = 4.5, 3.0
PLANES = ('paper', 'sheet', 'wash', 'float')
PAIRS = [  # inks, planes, least contrast
    (('ink', 'ink-2', 'ink-3', 'teal', 'late', 'wait', 'done'), PLANES, TEXT),
    (('ink', 'ink-2', 'teal', 'teal-2'), ('teal-wash',), TEXT),
    (('on-teal',), ('teal', 'teal-2'), TEXT),
    (('late', 'ink', 'ink-2'), ('late-wash',), TEXT),
    (('wait', 'ink', 'ink-2'), ('wait-wash',), TEXT),
    (('done', 'ink', 'ink-2'), ('done-wash',), TEXT),
    (('line-3', 'teal', 'teal-3', 'late'), PLANES, CONTROL),
]


def tokens(block):
    return dict(re.findall(r'--([\w-]+):\s*(#[0-9a-f]{6});', block))


def luminance(colour):
    channels = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def main():
    style = STYLE.read_text(encoding='utf-8')
    light = tokens(re.search(r'^:root \{(.*?)^\}', style, re.S | re.M)[1])
    system_dark = tokens(re.search(r':root:not\(\[data-theme="light"\]\) \{(.*?)\}', style, re.S)[1])
    chosen_dark = tokens(re.search(r':root\[data-theme="dark"\] \{(.*?)\}', style, re.S)[1])
    problems = []
    if system_dark != chosen_dark:
        problems.append('the two dark blocks differ')
    if light.keys() != system_dark.keys():
        problems.append(f'only in one theme: {sorted(light.keys() ^ system_dark.keys())}')
    checked, lowest = 0, (99.0, '')
    for name, theme in (('light', light), ('dark', system_dark)):
        for inks, planes, least in PAIRS:
            for ink in inks:
                for plane in planes:
                    found = contrast(theme[ink], theme[plane])
                    checked += 1
                    lowest = min(lowest, (found / least, f'{name}: {ink} on {plane} {found:.2f} of {least}'))
                    if found < least:
                        problems.append(f'{name}: {ink} on {plane} has {found:.2f}, needs {least}')
    for problem in problems:
        print(problem)
    print(f'{checked} pairs, tightest {lowest[1]}, {len(problems)} problems')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()

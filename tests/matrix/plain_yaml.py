"""Reads the plain YAML of policy packs (docs/PACKS.md): mappings, lists, words, quoted words; nothing else.

Every word stays text; whoever reads a number converts it. What is not understood is an error, never a guess.
"""
import re

KEY = re.compile(r'([A-Za-z_]\w*):(?:\s+(.*))?$')
ESCAPES = {'n': '\n', 't': '\t', '"': '"', '\\': '\\', '/': '/'}


class Unread(Exception):
    """Something that this reader has no reading for."""


def load(text, name='pack'):
    lines = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = without_comment(raw).rstrip()
        if not line.strip():
            continue
        if lines and depth(lines[-1][1]) > 0:       # a flow collection goes on
            lines[-1] = (lines[-1][0], lines[-1][1] + ' ' + line.strip())
        else:
            lines.append((number, line))
    reader = Reader(lines, name)
    value = reader.block(reader.indent()) if lines else {}
    if reader.at < len(lines):
        raise reader.wrong('indentation')
    return value


def outside_quotes(line):
    """Pairs of index and character of line that stand in no quotes. A quote opens only where a word may begin."""
    quote, at = '', 0
    while at < len(line):
        char = line[at]
        if quote:
            if char == '\\' and quote == '"':
                at += 1
            elif char == quote:
                quote = ''
        elif char in '"\'' and (at == 0 or line[at - 1] in ' [{,'):
            quote = char
        else:
            yield at, char
        at += 1


def without_comment(line):
    for at, char in outside_quotes(line):
        if char == '#' and (at == 0 or line[at - 1] in ' \t'):
            return line[:at]
    return line


def depth(line):
    return sum((char in '[{') - (char in ']}') for _, char in outside_quotes(line))


class Reader:
    def __init__(self, lines, name):
        self.lines, self.at, self.name = lines, 0, name

    def wrong(self, what):
        number = self.lines[min(self.at, len(self.lines) - 1)][0]
        return Unread(f'{self.name}:{number}: no reading for this {what}')

    def indent(self):
        line = self.lines[self.at][1]
        return len(line) - len(line.lstrip(' '))

    def block(self, indent):
        text = self.lines[self.at][1][indent:]
        if text.startswith('- ') or text == '-':
            return self.items(indent)
        if KEY.match(text):
            return self.mapping(indent)
        raise self.wrong('line')

    def items(self, indent):
        found = []
        while self.at < len(self.lines) and self.indent() == indent:
            number, line = self.lines[self.at]
            if not line[indent:].startswith('- '):
                break
            rest = line[indent + 2:]
            if KEY.match(rest):                     # a mapping that begins behind the dash
                self.lines[self.at] = (number, ' ' * (indent + 2) + rest)
                found.append(self.mapping(indent + 2))
            else:
                found.append(self.flow(rest))
                self.at += 1
        return found

    def mapping(self, indent):
        found = {}
        while self.at < len(self.lines) and self.indent() == indent:
            match = KEY.match(self.lines[self.at][1][indent:])
            if not match:
                break
            if match[1] in found:
                raise self.wrong('second key of that name')
            if match[2]:
                found[match[1]] = self.flow(match[2])
                self.at += 1
                continue
            self.at += 1
            listed = self.at < len(self.lines) and self.lines[self.at][1].lstrip().startswith('- ')
            deeper = self.at < len(self.lines) and self.indent() >= indent + (not listed)
            found[match[1]] = self.block(self.indent()) if deeper else ''
        return found

    # -- on one line

    def flow(self, text):
        value, rest = self.value(text.strip(), inside=False)
        if rest.strip():
            raise self.wrong('rest of a line')
        return value

    def value(self, text, inside):
        if text[:1] == '{':
            return self.flow_mapping(text[1:])
        if text[:1] == '[':
            return self.flow_list(text[1:])
        if text[:1] == '"':
            return self.double_quoted(text[1:])
        if text[:1] == "'":
            match = re.match(r"'((?:[^']|'')*)'", text)
            if not match:
                raise self.wrong('quote')
            return match[1].replace("''", "'"), text[match.end():]
        if text[:1] in '&*!|>%@`':
            raise self.wrong('kind of value')
        if not inside:
            return text.strip(), ''
        end = re.search(r'[,\]}]|$', text).start()
        return text[:end].strip(), text[end:]

    def double_quoted(self, text):
        out, at = [], 0
        while at < len(text) and text[at] != '"':
            if text[at] == '\\':
                at += 1
                if text[at:at + 1] == 'u':
                    out.append(chr(int(text[at + 1:at + 5], 16)))
                    at += 4
                elif text[at:at + 1] in ESCAPES:
                    out.append(ESCAPES[text[at]])
                else:
                    raise self.wrong('escape')
            else:
                out.append(text[at])
            at += 1
        return ''.join(out), text[at + 1:]

    def flow_list(self, text):
        found, text = [], text.lstrip()
        while text[:1] != ']':
            value, text = self.value(text, inside=True)
            found.append(value)
            text = self.after(text, ']')
        return found, text[1:]

    def flow_mapping(self, text):
        found, text = {}, text.lstrip()
        while text[:1] != '}':
            match = re.match(r'([A-Za-z_]\w*):\s*', text)
            if not match or match[1] in found:
                raise self.wrong('key')
            found[match[1]], text = self.value(text[match.end():], inside=True)
            text = self.after(text, '}')
        return found, text[1:]

    def after(self, text, closing):
        text = text.lstrip()
        if text[:1] == ',':
            return text[1:].lstrip()
        if text[:1] != closing:
            raise self.wrong('list or mapping')
        return text

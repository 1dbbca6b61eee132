"""xlsx.py: spreadsheet files by Python's own zip and XML, apart from the program's reader and writer."""
import datetime
import io
import re
import xml.etree.ElementTree as XML
import zipfile

MAIN = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
EPOCH = datetime.date(1899, 12, 30)
DATES = re.compile(r'[ymd]', re.IGNORECASE)


def read(body, sheet=0):
    """Rows of values (None, str, bool, float, date) of a sheet, each as long as its last value."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        shared, dates = shared_strings(book), date_styles(book)
        rows = XML.fromstring(book.read(f'xl/worksheets/sheet{sheet + 1}.xml')).iter(MAIN + 'row')
        return [row_of(row, shared, dates) for row in rows]


def shared_strings(book):
    if 'xl/sharedStrings.xml' not in book.namelist():
        return []
    return [text_of(item) for item in XML.fromstring(book.read('xl/sharedStrings.xml')).iter(MAIN + 'si')]


def text_of(element):
    """As XML cannot say every character, some stand as _xHHHH_."""
    text = ''.join(part.text or '' for part in element.iter(MAIN + 't'))
    return re.sub(r'_x([0-9A-Fa-f]{4})_', lambda match: chr(int(match[1], 16)), text)


def date_styles(book):
    styles = XML.fromstring(book.read('xl/styles.xml'))
    own = {int(f.get('numFmtId')): f.get('formatCode') for f in styles.iter(MAIN + 'numFmt')}
    return [bool(DATES.search(own.get(int(xf.get('numFmtId')), ''))) for xf in styles.find(MAIN + 'cellXfs')]


def row_of(row, shared, dates):
    cells = []
    for cell in row.iter(MAIN + 'c'):
        letters = re.match(r'[A-Z]+', cell.get('r'))[0]
        column = index_of(letters)
        cells += [None] * (column + 1 - len(cells))
        cells[column] = value_of(cell, shared, dates)
    return cells


def value_of(cell, shared, dates):
    kind, value = cell.get('t', 'n'), cell.find(MAIN + 'v')
    if kind == 'inlineStr':
        return text_of(cell)
    if value is None:
        return None
    if kind == 's':
        return shared[int(value.text)]
    if kind == 'b':
        return value.text == '1'
    if kind == 'n' and dates[int(cell.get('s', 0))]:
        days = int(value.text)                      # 1900 has a 29 February there, number 60
        return EPOCH + datetime.timedelta(days=days + (days < 60))
    return float(value.text) if kind == 'n' else value.text


def drop_downs(body):
    """{column letters: the words} of the first sheet, whose lists stand on the second."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        rules = list(XML.fromstring(book.read('xl/worksheets/sheet1.xml')).iter(MAIN + 'dataValidation'))
    lists = read(body, 1) if rules else []
    found = {}
    for rule in rules:
        letters = re.match(r'[A-Z]+', rule.get('sqref'))[0]
        column = index_of(letters)
        found[letters] = [row[column] for row in lists if len(row) > column and row[column] is not None]
    return found


def index_of(letters):
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def book(rows):
    """The bytes of a file with one sheet of these texts."""
    def cell(column, text):
        text = text.replace('&', '&amp;').replace('<', '&lt;')
        return f'<c r="{letters_of(column)}{at}" t="inlineStr"><is><t>{text}</t></is></c>'
    lines = ''
    for at, row in enumerate(rows, 1):
        lines += f'<row r="{at}">' + ''.join(cell(column, text) for column, text in enumerate(row)) + '</row>'
    parts = {
        '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                               '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                               '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument'
                               '.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
                               'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        '_rels/.rels': relations('officeDocument', 'xl/workbook.xml'),
        'xl/_rels/workbook.xml.rels': relations('worksheet', 'worksheets/sheet1.xml'),
        'xl/workbook.xml': f'<workbook xmlns="{MAIN[1:-1]}" xmlns:r="{OFFICE}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        'xl/worksheets/sheet1.xml': f'<worksheet xmlns="{MAIN[1:-1]}"><sheetData>{lines}</sheetData></worksheet>',
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return out.getvalue()


def relations(kind, target):
    return (f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>')


def letters_of(column):
    letters = ''
    while column >= 0:
        letters = chr(ord('A') + column % 26) + letters
        column = column // 26 - 1
    return letters

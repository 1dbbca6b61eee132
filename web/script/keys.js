// Keys of the pages. Everything they do can be done without them, and without this file.
//
//   The markup says what a key does: data-key="e" stands on the link, button or disclosure that it opens (a key after
//   "g" as "g d"), data-keys="steps" on the part whose first control "." goes to. Rows are links of the class `name`.
//   Keys do nothing while somebody types, with a modifier held, or while a dialog is open; who does not want them turns
//   them off in the dialog that "?" opens, and this browser remembers it.
'use strict'
{
  const main = document.getElementById('main')
  const dialog = document.getElementById('keys')
  const OFF = 'firstmile.keys'
  const GO_MS = 1500                                    // so long "g" waits for its second key
  const MARKS_MAX = 50                                  // as many ids as a filter has room for
  let gone = 0

  const stored = () => { try { return localStorage.getItem(OFF) } catch { return null } }
  const store = (value) => { try { localStorage.setItem(OFF, value) } catch { /* then for this page alone */ } }
  let off = stored() === 'off'

  const shown = (element) => element.checkVisibility ? element.checkVisibility() : element.offsetParent !== null
  const rows = () => [...main.querySelectorAll('tbody tr > th a.name, .card a.name')].filter(shown)

  function typing (element) {
    return element.isContentEditable || element.tagName === 'SELECT' || element.tagName === 'TEXTAREA' ||
      (element.tagName === 'INPUT' && !/^(button|checkbox|radio|submit|file|reset)$/.test(element.type))
  }

  function focus (element) {
    element.focus()
    element.scrollIntoView({ block: 'nearest' })
  }

  // ---- rows

  function move (by) {
    const all = rows()
    const at = all.findIndex((link) => link === document.activeElement || rowOf(link).contains(document.activeElement))
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)
    if (all[next]) focus(all[next])
  }

  const rowOf = (link) => link.closest('tr, .card')

  // ---- marks: of a list, to be seen alone, and so to be exported alone

  const bar = document.getElementById('marks')
  const marked = () => [...main.querySelectorAll('tr.picked a.name')]

  function mark () {
    const link = rows().find((one) => rowOf(one).contains(document.activeElement))
    if (!bar || !link) return
    const row = rowOf(link)
    if (!row.classList.contains('picked') && marked().length === MARKS_MAX) return
    row.classList.toggle('picked')
    tell()
  }

  function tell () {
    const links = marked()
    const ids = links.map((link) => `'${link.pathname.split('/')[2]}'`)
    for (const link of rows()) {
      if (rowOf(link).classList.contains('picked')) link.setAttribute('aria-description', bar.dataset.marked)
      else link.removeAttribute('aria-description')
    }
    bar.hidden = !links.length
    bar.querySelector('b').textContent = links.length
    const columns = new URLSearchParams(location.search).get('fields')
    bar.querySelector('a').href = `${location.pathname}?filter=${encodeURIComponent(`id in (${ids.join(', ')})`)}` +
      (columns ? `&fields=${encodeURIComponent(columns)}` : '')
  }

  bar?.querySelector('button').addEventListener('click', () => {
    for (const link of marked()) rowOf(link).classList.remove('picked')
    tell()
    main.focus()
  })

  // ---- what the markup names

  function open (key) {
    const all = [...document.querySelectorAll('[data-key]')].filter((one) => one.dataset.key === key)
    const element = all.find((one) => main.contains(one)) || all[0]     // the list at hand before the way to one
    if (!element) return false
    if (element.tagName === 'DETAILS') {
      element.open = true
      focus(element.querySelector('input[type="text"], input[type="search"]') || element.querySelector('summary'))
    } else if (element.tagName === 'INPUT') focus(element)
    else element.click()
    return true
  }

  function steps () {
    const first = [...document.querySelectorAll('[data-keys="steps"] :is(a, button, summary)')].find(shown)
    if (first) focus(first)
    return Boolean(first)
  }

  function help () {
    dialog.showModal()
  }

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: mark,
    '.': steps,
    '?': help,
    g: () => { gone = Date.now() }
  }

  function pressed (event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return
    if (typing(event.target) || document.querySelector('dialog[open], :popover-open')) return
    if (off && event.key !== '?') return
    const after = Date.now() - gone < GO_MS
    gone = 0
    if (after ? open(`g ${event.key}`) : keys[event.key] ? keys[event.key]() !== false : open(event.key)) event.preventDefault()
  }

  if (main && dialog) {
    const choice = dialog.querySelector('input')
    choice.checked = !off
    choice.addEventListener('change', () => {
      off = !choice.checked
      store(off ? 'off' : 'on')
    })
    for (const button of document.querySelectorAll('[data-opens="keys"]')) {
      button.hidden = false
      button.addEventListener('click', help)
    }
    document.addEventListener('keydown', pressed)
  }
}

// Opens the pages of a serving city in Debian's Chromium: node browser.mjs ADDRESS PASSWORD ROUND REVIEW REVIEWER REMARK. Prints TAP.
//
//   pages      each by somebody who works on it, in both languages, wide and narrow, light and dark: no rule of WCAG 2.1 AA that
//              axe-core can check is broken, nothing scrolls sideways, no script was refused by the policy of the replies
//   keyboard   keys do what their dialog says, and nothing where somebody types, or once they are turned off
//   review     an expert signs in, opens a review, scores and submits it, and never touches the mouse
import { Browser, expect, test } from './browser_page.mjs'

const [address, password, round, review, reviewer, remark] = process.argv.slice(2)
const VIEWS = [
  { lang: 'zh', width: 1280, scheme: 'light' }, { lang: 'en', width: 1280, scheme: 'dark' },
  { lang: 'en', width: 390, scheme: 'light' }, { lang: 'zh', width: 390, scheme: 'dark' }
]
const browser = await Browser.start(address, password)
const sit = (view, login) => browser.sit(view, login)
const sound = (page, path) => browser.sound(page, path)

const focused = (page) => page.evaluate(() => ({ tag: document.activeElement.tagName, href: document.activeElement.getAttribute('href'), name: document.activeElement.name, id: document.activeElement.id }))

// Goes on with Tab until the focus stands where it should; whatever is passed must show that it has the focus.
async function tabTo (page, selector) {
  for (let i = 0; i < 120; i++) {
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return
    await page.keyboard.press('Tab')
    const seen = await page.evaluate(() => {
      const at = document.activeElement
      const shows = (element) => element && (getComputedStyle(element).outlineStyle !== 'none' || shows(element.closest('.unit') !== element && element.closest('.unit')))
      return at === document.body || shows(at) ? '' : at.outerHTML.slice(0, 200)
    })
    expect(!seen, `the focus does not show on ${seen}`)
  }
  throw new Error(`no way by Tab to ${selector} on ${page.url()}`)
}

// ---- pages

for (const view of VIEWS) {
  const how = `${view.lang}, ${view.width} px, ${view.scheme}`
  await test(`sign-in, desk, list, board, matrix, steps, record, form, gate, statistics and round break no rule [${how}]`, async () => {
    const out = await sit(view)
    await sound(out)
    await out.context().close()
    const page = await sit(view, 'manager')
    await sound(page, '/desk')
    await sound(page, '/result')
    const result = await page.getAttribute('tbody a.name', 'href')
    await page.evaluate(() => { for (const one of document.querySelectorAll('main details')) one.open = true })
    await sound(page)
    await sound(page, '/result?fields=state,changed,owner&choosing=1')
    await sound(page, '/result?view=none')
    await sound(page, '/result/board')
    await sound(page, '/result/matrix')
    await sound(page, '/result/steps')
    await sound(page, '/result/steps?step=disclose')
    await sound(page, result)
    await sound(page, '/result/new')
    await sound(page, '/gate_review')
    await sound(page, await page.getAttribute('tbody a.name', 'href'))
    await sound(page, '/search?q=poc')
    await sound(page, '/search?q=nobody-has-this')
    await sound(page, '/statistics')
    await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true })
    await sound(page)
    await sound(page, `/screening_round/${round}`)
    await sound(page, '/screening_round/new')
    await sound(page, '/notices')
    await sound(page, '/')
    await page.context().close()
  })
}

// ---- keys

await test('keys: ? tells them, f filters, j k go through rows, x marks, g d leads to the desk', async () => {
  const page = await sit(VIEWS[1], 'manager')
  await page.goto(`${address}/result`)
  await page.keyboard.press('?')
  expect(await page.isVisible('dialog#keys'), 'no dialog')
  await sound(page)
  await page.keyboard.press('Escape')
  await page.keyboard.press('j')
  const first = await focused(page)
  await page.keyboard.press('j')
  const second = await focused(page)
  const links = await page.$$eval('tbody a.name', (all) => all.map((one) => one.getAttribute('href')))
  expect(first.href === links[0] && second.href === links[1], `j went to ${first.href}, ${second.href}`)
  await page.keyboard.press('x')
  await page.keyboard.press('k')
  await page.keyboard.press('x')
  expect((await page.innerText('#marks b')) === '2', 'two rows are not marked')
  await sound(page)
  await page.click('#marks a')
  const only = await page.$$eval('tbody a.name', (all) => all.map((one) => one.getAttribute('href')))
  expect(only.length === 2 && only.includes(first.href) && only.includes(second.href), `marked alone: ${only}`)
  await page.keyboard.press('f')
  expect((await focused(page)).name === 'add_value', `f went to ${JSON.stringify(await focused(page))}`)
  await page.keyboard.type('gd?jx')
  expect((await page.inputValue('[name=add_value]')) === 'gd?jx' && page.url().includes('/result'), 'keys act where somebody types')
  await page.focus('main')
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.waitForURL('**/desk')
  expect(!page.faults.length, page.faults.join('; '))
  await page.context().close()
})

await test('keys: e edits, . goes to the steps; turned off they do nothing, and stay so', async () => {
  const page = await sit(VIEWS[0], 'researcher')
  await page.goto(`${address}/result?filter=${encodeURIComponent("state = 'draft'")}`)
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/result/*-*')
  await page.keyboard.press('.')
  expect(await page.evaluate(() => Boolean(document.activeElement.closest('.steps'))), '. does not go to the steps')
  await page.keyboard.press('e')
  await page.waitForURL('**/edit')
  await page.goto(`${address}/result`)
  await page.keyboard.press('?')
  await page.keyboard.press('Tab')
  await page.focus('#keys-on')
  await page.keyboard.press('Space')
  await page.keyboard.press('Escape')
  await page.reload()
  await page.keyboard.press('j')
  expect((await focused(page)).tag === 'BODY', 'j acts though it was turned off')
  await page.context().close()
})

await test('keys: / searches from any page, and what is found is gone through', async () => {
  const page = await sit(VIEWS[3], 'manager')
  await page.keyboard.press('/')
  expect((await focused(page)).name === 'q', `/ went to ${JSON.stringify(await focused(page))}`)
  await page.keyboard.type('电池')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/search?q=**')
  await sound(page)
  await page.focus('main')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/result/*-*')
  await page.context().close()
})

// ---- a list of one's own

await test('columns are chosen, and the list is saved, changed, renamed and removed, by keyboard alone', async () => {
  const page = await sit(VIEWS[1], 'institution')
  const columns = () => page.$$eval('thead th', (all) => all.map((one) => one.innerText.trim()))
  const here = () => page.innerText('.tabs [aria-current]')
  const press = async (selector, led) => {
    await tabTo(page, selector)
    await page.keyboard.press('Enter')
    await page.waitForURL(led)
  }
  await page.goto(`${address}/result`)
  await tabTo(page, '#columns > summary')
  await page.keyboard.press('Enter')
  for (const box of ['column[keywords]', 'column[state]']) {
    await tabTo(page, `[name="${box}"]`)
    await page.keyboard.press('Space')
  }
  await press('.column-boxes + .do button', '**fields=**')
  const chosen = await columns()
  expect(chosen.includes('Keywords') && !chosen.includes('State'), `columns: ${chosen}`)
  await tabTo(page, '#columns > summary')
  await page.keyboard.press('Enter')
  await press('.column-order li:last-child a', '**choosing=1**')
  expect((await columns()).at(-2) === 'Keywords', `Keywords has not moved: ${await columns()}`)
  await sound(page)
  await tabTo(page, '.views .adder > summary')
  await page.keyboard.press('Enter')
  await tabTo(page, '#view-name')
  await page.keyboard.type('By keyword')
  await page.keyboard.press('Enter')
  await page.waitForURL('**view=**')
  expect((await here()) === 'By keyword' && (await columns()).at(-2) === 'Keywords', `saved: ${await here()}, ${await columns()}`)
  await sound(page)
  await press('thead th:first-child a', '**sort=title**')
  await press('.view-do button', (url) => url.search.includes('view=') && url.search.includes('sort=title'))
  await page.waitForFunction(() => !document.querySelector('.view-do button'))
  await press('.view-do [href$="/rename"]', '**/rename')
  await sound(page)
  await tabTo(page, '[name=title]')
  await page.keyboard.press('Control+A')
  await page.keyboard.type('Words first')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/result?**view=**')
  expect((await here()) === 'Words first', `renamed: ${await here()}`)
  await press('.view-do [href$="/remove"]', '**/remove')
  await press('.form-end button', '**/result')
  expect((await page.$$('.tabs a')).length === 1, 'it is still there')
  await page.context().close()
})

// ---- a whole review

await test('a review from sign-in to submission by keyboard alone', async () => {
  const page = await sit(VIEWS[0], reviewer)
  await page.keyboard.press('Tab')
  expect((await focused(page)).href === '#main', 'the first stop is not the way past the frame')
  await tabTo(page, `.pile a[href^="/review/${review}"]`)
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/review/${review}`)
  await sound(page)
  await page.keyboard.press('e')
  await page.waitForURL('**/edit')
  await sound(page)
  const scores = await page.$$eval('input[name$=".score"]', (all) => all.map((one) => one.id))
  expect(scores.length > 1, 'no scores to give')
  for (const id of scores) {
    await tabTo(page, `[id="${id}"]`)
    await page.keyboard.press('Control+A')
    await page.keyboard.type('81')
  }
  await tabTo(page, 'textarea[name=remark]')
  await page.keyboard.press('Control+A')
  await page.keyboard.type(remark)
  await tabTo(page, '.form-end button')
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/review/${review}`)
  await page.keyboard.press('.')
  await tabTo(page, '.steps [href$="/submit"]')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/submit')
  await sound(page)
  await tabTo(page, '.form-end button')
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/review/${review}`)
  await sound(page)
  expect((await page.innerText('.ident')).includes('已提交'), `the review is ${await page.innerText('.ident')}`)
  await page.context().close()
})

await browser.end()

// What tests in a browser share: a page of Debian's Chromium on which nothing of the city's may go wrong unseen.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const require = createRequire(join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../build-npm/node_modules/'))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']

export function expect (holds, what) {
  if (!holds) throw new Error(what)
}

export const tap = { count: 0, failed: 0 }

export async function test (title, body) {
  let problem
  try { await body() } catch (error) { problem = error }
  tap.count++
  tap.failed += Boolean(problem)
  console.log(`${problem ? 'not ok' : 'ok'} ${tap.count} - ${title}`)
  for (const line of problem ? String(problem.stack).split('\n').slice(0, 20) : []) console.log(`# ${line}`)
}

export class Browser {
  static async start (address, password) {
    const browser = new Browser()
    browser.address = address
    browser.password = password
    browser.chromium = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox'] })
    return browser
  }

  // A page of its own, signed in when there is a login. Axe is put in by the debugger, which no policy binds.
  async sit (view, login) {
    const context = await this.chromium.newContext({ viewport: { width: view.width, height: 900 }, colorScheme: view.scheme, reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.faults = []
    page.on('pageerror', (error) => page.faults.push(String(error)))
    page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()))
    page.setDefaultTimeout(20000)
    await page.goto(`${this.address}/sign-in?lang=${view.lang}`)
    if (login) await this.signIn(page, login)
    return page
  }

  async signIn (page, login) {
    await page.focus('[name=login]')
    await page.keyboard.type(login)
    await page.keyboard.press('Tab')
    await page.keyboard.type(this.password)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/desk')
  }

  // No rule of WCAG 2.1 AA that axe-core can check is broken, nothing scrolls sideways, nothing was refused.
  async sound (page, path) {
    if (path) await page.goto(this.address + path)
    await page.evaluate(axe)
    const broken = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }), WCAG)
    const told = broken.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`)
    expect(!told.length, `${path ?? page.url()}: ${told.join('\n')}`)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${path} scrolls sideways`)
    expect(!page.faults.length, `${path}: ${page.faults.join('; ')}`)
  }

  async end () {
    await this.chromium.close()
    console.log(`1..${tap.count}`)
    process.exit(tap.failed ? 1 : 0)
  }
}

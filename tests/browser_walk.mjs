// From abstracts to a deal in Debian's Chromium, by mouse and keyboard as people would: node browser_walk.mjs ADDRESS PASSWORD LANG
// ABSTRACTS MAPPING PLACES. Prints TAP.
//
// Every page on the way is looked at by axe-core. The reviews beyond the first of each expert come from docs/examples/judge.py.
import { execFileSync } from 'node:child_process'
import { Browser, expect, test } from './browser_page.mjs'

const [address, password, lang, abstracts, places] = process.argv.slice(2)
const EXPERTS = ['expert', ...Array.from({ length: 8 }, (_, at) => `expert${at + 2}`)]
const OURS = "external_id is not missing"
const browser = await Browser.start(address, password)
const view = { lang, width: 1280, scheme: lang === 'zh' ? 'light' : 'dark' }
const started = Date.now()
let ahead = 0

const day = (days = 0) => new Date(started + (days * 24 + 8) * 3600e3).toISOString().slice(0, 10)
const listed = (type, filter) => `/${type}?filter=${encodeURIComponent(filter)}`

// ---- what people do

async function click (page, selector) {
  await page.click(selector)
  await page.waitForLoadState()
}

// Fields by name, as they are typed, chosen or ticked; rows that are not there yet are asked for.
async function fill (page, fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) {
      for (const [at, row] of value.entries()) await fill(page, Object.fromEntries(Object.entries(row).map(([column, cell]) => [`${name}[${at + 1}].${column}`, cell])))
      continue
    }
    const [field, row] = name.match(/^(\w+)\[\d+\]\./) ? [name.split('[')[0], true] : [name, false]
    for (let more = 0; row && more < 9 && !await page.$(`[name="${name}"]`); more++) await click(page, `button[name="more[${field}]"]`)
    const input = page.locator(`[name="${name}"]:not([type=hidden])`).first()
    const kind = await input.evaluate((element) => element.tagName === 'INPUT' ? element.type : element.tagName.toLowerCase())
    if (kind === 'select') await input.selectOption(value)
    else if (kind === 'radio') await page.check(`[name="${name}"][value="${value}"]`)
    else await input.fill(value)
  }
}

// The form in hand, filled in and sent; it must lead on.
async function send (page, fields) {
  await fill(page, fields)
  await browser.sound(page)
  const from = page.url()
  await click(page, '.form-end button')
  const wrong = await page.$$eval('.errors li, .err', (all) => all.map((one) => one.innerText))
  expect(page.url() !== from && !wrong.length, `${from} does not lead on: ${wrong.join('; ')}`)
  await browser.sound(page)
}

const id = (page) => page.url().match(/[0-9a-f]{8}-[0-9a-f-]{27}/)[0]

// From the list by its first button.
async function make (page, type, fields) {
  await page.goto(`${address}/${type}`)
  await click(page, '.do .btn-main')
  await send(page, fields)
  return id(page)
}

// On the record's page by its button, or by the form behind it.
async function take (page, type, record, step, fields = {}) {
  await page.goto(`${address}/${type}/${record}`)
  await browser.sound(page)
  const asks = await page.$(`main a[href$="/${record}/${step}"]`)
  if (asks) {
    await asks.click()
    await page.waitForLoadState()
    await send(page, fields)
  } else {
    await click(page, `.can form[action$="/${step}"] button`)
  }
}

// A job goes on by itself; its page is looked at again.
async function until (page, selector) {
  for (let tries = 0; tries < 60 && !await page.$(selector); tries++) {
    await page.waitForTimeout(500)
    await page.reload()
  }
  expect(await page.$(selector), `${page.url()} does not come to ${selector}`)
}

const state = async (page) => (await page.innerText('.ident')).replace(/\s+/g, ' ')

// All of a list, as many at once as a page takes.
async function takeOnAll (page, type, filter, step, fields = {}) {
  for (let left = 0; left < 20; left++) {
    await page.goto(address + listed(type, filter))
    if (!await page.$('tbody a.name')) return
    await click(page, `a[href^="/${type}/steps"]`)
    await browser.sound(page)
    await click(page, `a[href*="step=${step}"]`)
    await fill(page, fields)
    await browser.sound(page)
    await click(page, '.form-end button')
    expect(await page.$('.ruling-done'), `${step} was refused to some: ${(await page.innerText('main')).slice(0, 300)}`)
  }
  throw new Error(`${step} does not come to an end`)
}

async function later (days) {
  ahead += days
  const reply = await fetch(`${address}/api/v1/test-clock`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ now: new Date(started + ahead * 24 * 3600e3).toISOString().slice(0, 19) + 'Z' })
  })
  expect(reply.ok, `the clock: ${reply.status}`)
}

// Sessions do not last over days: everybody signs in again.
let people = {}
async function everybody () {
  for (const page of Object.values(people)) await page.context().close()
  people = {}
  for (const login of ['researcher', 'institution', 'manager', 'officer']) people[login] = await browser.sit(view, login)
}
await everybody()

// ---- the walk

let round, seeds, gates, project, deal

await test(`the abstracts come in as a file, are submitted and entered together [${lang}]`, async () => {
  const { researcher, institution } = people
  await researcher.goto(`${address}/result`)
  await click(researcher, 'a[href="/result/import"]')
  await browser.sound(researcher)
  await researcher.setInputFiles('input[type=file]', abstracts)
  await click(researcher, '.form-end button')                  // looks first, and writes nothing
  await until(researcher, '.far-panel form button')
  await browser.sound(researcher)
  await click(researcher, '.far-panel form button')
  await until(researcher, '.ident .tag-done')
  await browser.sound(researcher)
  await takeOnAll(researcher, 'result', `state = 'draft' and ${OURS}`, 'submit')
  round = await make(institution, 'screening_round', {
    title: '浏览器筛选', city_wide: 'false', places, opens_on: day(), closes_on: day(), reviews_by: day(14), seed_source: '当日收盘指数',
    criteria: [{ criterion: '技术创新', weight: '60' }, { criterion: '市场前景', weight: '40' }],
    seats: [{ group: 'academia', places: '5' }, { group: 'industry', places: '3' }, { group: 'investment', places: '1' }]
  })
  await take(institution, 'screening_round', round, 'open')
  await takeOnAll(researcher, 'result', `state = 'pool' and ${OURS}`, 'enter', { screening_round: round })
})

await test(`nine experts are drawn and review blind [${lang}]`, async () => {
  const { institution } = people
  await take(institution, 'screening_round', round, 'close')
  await take(institution, 'screening_round', round, 'draw', { seed: '3312.45' })
  for (const login of EXPERTS) {
    const page = await browser.sit(view, login)
    expect(await page.$('.pile a[href*="/review/new?result="]'), `the desk of ${login} asks for no review`)
    await page.goto(address + listed('result', `screening_round = '${round}'`))
    await click(page, 'tbody a.name')
    await click(page, 'a[href*="/review/new?result="]')
    await send(page, {})
    const named = (await page.innerText('main')).match(/.{0,60}(沈一鸣|临港理工).{0,30}/s)
    expect(!named, `a blind reviewer reads a name: ${named?.[0]}`)
    const review = id(page)
    await take(page, 'review', review, 'edit', {
      scores: [{ score: '81' }, { score: '73' }], remark: lang === 'zh' ? '数据完整，建议做中试。' : 'The data are complete; a pilot is due.'
    })
    await take(page, 'review', review, 'submit')
    await page.context().close()
  }
  execFileSync('python3', ['docs/examples/judge.py', address, password, ...EXPERTS], { stdio: ['ignore', 'ignore', 'inherit'] })
  await take(institution, 'screening_round', round, 'freeze')
})

await test(`a list is drawn up, published by another, and final after its days [${lang}]`, async () => {
  const list = await make(people.institution, 'seed_list', { title: '浏览器清单', screening_round: round, notice: '异议请在本页提出' })
  await take(people.manager, 'seed_list', list, 'publish')
  await later(30)
  await everybody()
  await take(people.institution, 'seed_list', list, 'confirm')
  await take(people.institution, 'screening_round', round, 'finish')
  await people.institution.goto(`${address}/seed_list/${list}`)
  seeds = await people.institution.$$eval('a[href^="/result/"]', (all) => [...new Set(all.map((one) => one.getAttribute('href').split('/')[2]))])
  expect(String(seeds.length) === places, `${seeds.length} seeds`)
})

await test(`one gate opens, and one that lacks a part does not [${lang}]`, async () => {
  const { researcher, manager, officer } = people
  gates = []
  for (const [seed, cost] of [[seeds[0], 'pass'], [seeds[1], 'fail']]) {
    const level = await make(researcher, 'trl_assessment', { result: seed, element: '关键工艺', assessed_level: '5', target_level: '5', evidence: '第三方测试报告',
      criteria: [{ level: '5', criterion: '部件在相关环境中验证', outcome: 'met', evidence: '第三方测试报告' }] })
    await take(researcher, 'trl_assessment', level, 'submit')
    const market = await make(manager, 'market_validation', {
      result: seed, need_verdict: 'pass', need_evidence: '访谈 12 家', competition_verdict: 'pass', competition_evidence: '检索报告',
      cost_verdict: cost, cost_evidence: '物料清单'
    })
    await take(manager, 'market_validation', market, 'submit')
    gates.push(await make(manager, 'gate_review', { result: seed }))
  }
  await take(officer, 'gate_review', gates[0], 'open', { conclusion: '转入样机' })
  expect(/已开启|Open/.test(await state(officer)), `the gate is ${await state(officer)}`)
  await officer.goto(`${address}/gate_review/${gates[1]}`)
  await browser.sound(officer)
  expect(!await officer.$('.can a[href$="/open"], .can form[action$="/open"]'), 'a gate that lacks a part can be opened')
  expect(await officer.$('.ruling-wait'), 'the page does not say that something is missing')
  await click(officer, 'a[href^="/result/matrix"]')
  await browser.sound(officer)
  expect(await officer.$('td.here'), 'the result stands nowhere in the matrix')
})

await test(`a project begins, and a deal is registered after its price was public [${lang}]`, async () => {
  const { institution, manager } = people
  await institution.goto(address + listed('manager', "state = 'active'"))
  const leader = (await institution.getAttribute('tbody a.name', 'href')).split('/')[2]
  project = await make(institution, 'validation_project', {
    title: '浏览器试制', result: seeds[0], project_manager: leader, aim: '五台样机', starts_on: day(30), ends_on: day(300),
    budget: [{ subject: 'material', amount: '60000.00' }], funding: [{ source: '校内基金', nature: 'own', amount: '60000.00' }]
  })
  await take(institution, 'validation_project', project, 'start')
  deal = await make(manager, 'transfer_contract', {
    title: '浏览器许可', result: seeds[0], contract_kind: 'licence', licence_kind: 'ordinary', counterparty_name: '临港储能科技有限公司', pricing: 'agreed', price: '1000000.00',
    reward_share: '70.00', inventor_rights: 'none', notice: '拟以 100 万元许可',
    shares: [{ inventor: '第一完成人', share: '66.67' }, { inventor: '第二完成人', share: '33.33' }]
  })
  await take(institution, 'transfer_contract', deal, 'publish')
  await later(30)
  await everybody()
  await take(people.institution, 'transfer_contract', deal, 'sign', { signed_on: day(60) })
  await take(people.manager, 'transfer_contract', deal, 'register', { registration_number: '2026310000000001', registered_on: day(60) })
  expect(/已认定登记|Registered/.test(await state(people.manager)), `the deal is ${await state(people.manager)}`)
})

await browser.end()

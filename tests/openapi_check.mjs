// Says what is wrong with OpenAPI documents, and with answers that are not what a document says: node openapi_check.mjs FILE.
// FILE: {"documents": {who: document}, "answers": [{who, method, pattern, status, media, body, sent}]}. Prints a line a fault.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const modules = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../build-npm/node_modules/')
const require = createRequire(modules)
const { Validator } = await import(join(modules, '@seriousme/openapi-schema-validator/index.js'))
const Ajv = require('ajv/dist/2020').default
const formats = require('ajv-formats').default

const given = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const validators = {}
let checked = 0

for (const [who, document] of Object.entries(given.documents)) {
  const verdict = await new Validator().validate(structuredClone(document))
  if (!verdict.valid) console.log(`${who}: no OpenAPI 3.1: ${JSON.stringify(verdict.errors).slice(0, 2000)}`)
  const ajv = new Ajv({ strict: false, allErrors: false })
  formats(ajv)
  ajv.addSchema({ ...document, $id: 'document' })
  validators[who] = (schema) => ajv.compile(toDocument(schema))
  const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((one) => one.operationId))
  if (new Set(ids).size !== ids.length) console.log(`${who}: an operationId is there twice`)
}

function toDocument(schema) {                       // references are the document's
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"document#/components'))
}

const compiled = new Map()
function faults(who, schema, value) {
  const key = who + JSON.stringify(schema)
  if (!compiled.has(key)) compiled.set(key, validators[who](schema))
  const validate = compiled.get(key)
  checked++
  return validate(value) ? null : JSON.stringify(validate.errors).slice(0, 600)
}

for (const one of given.answers) {
  const name = `${one.who}: ${one.method.toUpperCase()} ${one.pattern} ${one.status}`
  const document = given.documents[one.who]
  const operation = document.paths[one.pattern]?.[one.method]
  if (!operation) { console.log(`${name}: not in the document`); continue }
  let answer = operation.responses[one.status] ?? operation.responses.default
  if (!operation.responses[one.status] && one.status < 400) { console.log(`${name}: no such answer is documented`); continue }
  if (answer.$ref) answer = document.components.responses[answer.$ref.split('/').pop()]
  if (one.sent !== undefined && one.status < 300) {
    const schema = operation.requestBody?.content['application/json']?.schema
    const wrong = schema ? faults(one.who, schema, one.sent) : 'no body is documented'
    if (wrong) console.log(`${name}: the document refuses what was taken: ${wrong} in ${JSON.stringify(one.sent).slice(0, 300)}`)
  }
  if (!answer.content) {
    if (one.body !== '') console.log(`${name}: it answered where nothing is documented`)
    continue
  }
  const type = answer.content[one.media] ?? answer.content['*/*']
  if (!type) { console.log(`${name}: ${one.media} is not documented`); continue }
  if (!type.schema) continue
  const wrong = faults(one.who, type.schema, JSON.parse(one.body))
  if (wrong) console.log(`${name}: ${wrong} in ${one.body.slice(0, 600)}`)
}
console.log(`checked ${checked}`)

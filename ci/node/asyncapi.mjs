// Validates an AsyncAPI document, and the examples of its messages and of a
// Markdown document against its schemas:
//
//   node asyncapi.mjs DOCUMENT.yaml DOCUMENT.md
//
// In the Markdown document, blocks marked "json server" are messages from the
// server, "json client" and "json dashboard" are messages to it.
import { readFile } from 'node:fs/promises'
import { Parser, DiagnosticSeverity } from '@asyncapi/parser'
import Ajv from 'ajv'

const [source, markdown] = process.argv.slice(2)
let problems = 0
const problem = (text) => {
  console.error(text)
  problems++
}

const { document, diagnostics } = await new Parser().parse(await readFile(source, 'utf8'), { source })
for (const d of diagnostics.filter((d) => d.severity <= DiagnosticSeverity.Warning)) {
  problem(`${source}:${d.range.start.line + 1}: ${d.code}: ${d.message} (at ${d.path.join('.')})`)
}
if (document === undefined) process.exit(1)

const ajv = new Ajv({ strict: false, validateFormats: false })
const messages = new Map(document.components().messages().all().map((m) => [m.id(), m]))
const validators = new Map([...messages].map(([id, m]) => [id, ajv.compile(m.payload().json())]))
const errorsOf = (id, payload) =>
  validators.get(id)(payload) ? undefined : ajv.errorsText(validators.get(id).errors, { dataVar: id })

let examples = 0
for (const [id, message] of messages) {
  for (const example of message.examples().all()) {
    examples++
    const errors = errorsOf(id, example.payload())
    if (errors) problem(`${source}: example of ${id}: ${errors}`)
  }
}

// Which message of a side has this value of type.
const sides = {
  server: ['prediction', 'feedbackOK', 'error', 'notice', 'authOK', 'hello', 'pong', 'history', 'metrics', 'alert', 'note', 'typing', 'presence',
    'joined', 'left'],
  client: ['predict', 'feedback', 'cancel', 'auth', 'join', 'leave', 'askHello', 'ping'],
  dashboard: ['subscribe', 'writeNote', 'writing', 'acceptBaseline', 'freezeCalibration', 'join', 'leave', 'ping'],
}
const typeOf = (id) => messages.get(id).payload().json().properties.type.const

if (markdown !== undefined) {
  const text = await readFile(markdown, 'utf8')
  for (const [, side, body] of text.matchAll(/^```json (\w+)\n([\s\S]*?)^```/gm)) {
    examples++
    const payload = JSON.parse(body)
    if (side === 'server' && payload.type?.startsWith('about:')) continue // an HTTP body
    const id = sides[side].find((id) => typeOf(id) === (payload.type ?? 'predict'))
    const errors = id === undefined ? 'no message has this type' : errorsOf(id, payload)
    if (errors) problem(`${markdown}: ${body.trim().slice(0, 60)}…: ${errors}`)
  }
}

console.log(`asyncapi: ${source}: ${document.channels().all().length} channels, ${messages.size} messages, ${examples} examples`)
process.exit(problems === 0 ? 0 : 1)

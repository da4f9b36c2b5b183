// What the two JavaScript clients have in common: everything but the socket.
// run(name, send, next, …) gets a function that sends one text message and one
// that resolves with the next one received.
import { readFile } from 'node:fs/promises'

const IN_FLIGHT = 64
const REQUEST_ID = /"request_id":\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|null)/
// How clients write ids; each must come back with the same characters.
const HABITS = ['1732212000123', '"007"', '7', '"7"', '1.50', '12345678901234567890', '"grün"', undefined]
const PIXELS = Array.from({ length: 256 }, (_, p) => JSON.stringify(p / 255))

// Reads a file in MNIST's IDX format.
async function readIDX(path, magic, header) {
  const bytes = await readFile(path)
  if (bytes.readUInt32BE(0) !== magic) throw new Error(`${path}: not an IDX file of this kind`)
  return { count: bytes.readUInt32BE(4), bytes: bytes.subarray(4 * header) }
}

function request(image, rawID) {
  const pixels = []
  for (const p of image) pixels.push(PIXELS[p])
  const id = rawID === undefined ? '' : `,"request_id":${rawID}`
  return `{"features":[${pixels.join(',')}]${id}}`
}

// Numbers and strings in turn: 1732212000000, "001", 1732212000002, …
const idOf = (i) => JSON.stringify(i % 2 === 0 ? 1732212000000 + i : String(i).padStart(3, '0'))

const returnedID = (text) => REQUEST_ID.exec(text)?.[1]

function expect(what, got, want) {
  if (got !== want) throw new Error(`${what}: got ${got}, expected ${want}`)
}

async function habits(send, next, image) {
  send('ping')
  expect('text ping', await next(), 'pong')
  send('{"type":"ping"}')
  expect('JSON ping', JSON.parse(await next()).type, 'pong')
  for (const rawID of HABITS) {
    send(request(image, rawID))
    const reply = await next()
    expect('type', JSON.parse(reply).type, 'prediction')
    expect('request_id', returnedID(reply), rawID ?? 'null')
  }
}

export async function run(client, send, next, imagesPath, labelsPath) {
  const { count, bytes: images } = await readIDX(imagesPath, 0x803, 4)
  const { count: labelCount, bytes: labels } = await readIDX(labelsPath, 0x801, 2)
  expect('labels', labelCount, count)
  const size = images.length / count
  const image = (i) => images.subarray(i * size, (i + 1) * size)

  await habits(send, next, image(0))

  const start = performance.now()
  const expected = new Map() // raw id → label
  let sent = 0
  const sendOne = () => {
    expected.set(idOf(sent), labels[sent])
    send(request(image(sent), idOf(sent)))
    sent++
  }
  while (sent < Math.min(IN_FLIGHT, count)) sendOne()
  let correct = 0
  let idsOK = true
  for (let received = 0; received < count; received++) {
    const reply = await next()
    const message = JSON.parse(reply)
    expect('reply to a row', message.type, 'prediction')
    const rawID = returnedID(reply)
    idsOK &&= expected.has(rawID)
    if (message.prediction === String(expected.get(rawID))) correct++
    expected.delete(rawID)
    if (sent < count) sendOne()
  }
  idsOK &&= expected.size === 0
  const perSecond = Math.round((1000 * count) / (performance.now() - start))
  console.log(JSON.stringify({ client, images: count, correct, ids_ok: idsOK, per_second: perSecond }))
  return idsOK
}

// Turns callbacks into next(): hand every message to push, and an end to fail.
export function inbox() {
  const messages = []
  const waiting = []
  let failure
  return {
    push(message) {
      if (waiting.length > 0) waiting.shift().resolve(message)
      else messages.push(message)
    },
    fail(error) {
      failure ??= error
      for (const w of waiting.splice(0)) w.reject(failure)
    },
    next() {
      if (messages.length > 0) return Promise.resolve(messages.shift())
      if (failure) return Promise.reject(failure)
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
  }
}

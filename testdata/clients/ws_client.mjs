// Streams images to Penstock with the stock "ws" package of npm.
//
//   node ws_client.mjs ws://HOST/ws/predict IMAGES LABELS
//
// The package is looked for in ci/node, where the checks install it.
import { createRequire } from 'node:module'
import { once } from 'node:events'
import { inbox, run } from './stream.mjs'

const require = createRequire(new URL('../../ci/node/package.json', import.meta.url))
const { WebSocket } = require('ws')
const { version } = require('ws/package.json')

const [url, images, labels] = process.argv.slice(2)
const { push, fail, next } = inbox()
const socket = new WebSocket(url)
socket.on('message', (data, isBinary) => (isBinary ? fail(new Error('a binary message')) : push(data.toString())))
socket.on('close', (code, reason) => fail(new Error(`closed with ${code} ${reason}`)))
socket.on('error', fail)

await once(socket, 'open')
const ok = await run(`npm ws ${version}`, (text) => socket.send(text), next, images, labels)
socket.close(1000)
process.exitCode = ok ? 0 : 1

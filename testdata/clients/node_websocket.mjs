// Streams images to Penstock with the WebSocket that Node.js has built in, the
// one that browsers have too.
//
//   node node_websocket.mjs ws://HOST/ws/predict IMAGES LABELS
import { inbox, run } from './stream.mjs'

const [url, images, labels] = process.argv.slice(2)
const { push, fail, next } = inbox()
const socket = new WebSocket(url)
socket.onmessage = ({ data }) => (typeof data === 'string' ? push(data) : fail(new Error('a binary message')))
socket.onclose = ({ code, reason }) => fail(new Error(`closed with ${code} ${reason}`))
await new Promise((resolve, reject) => {
  socket.onopen = resolve
  socket.onerror = () => reject(new Error(`cannot connect to ${url}`))
})
const ok = await run(`node ${process.versions.node} WebSocket`, (text) => socket.send(text), next, images, labels)
socket.close(1000)
process.exitCode = ok ? 0 : 1

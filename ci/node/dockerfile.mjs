// Checks Dockerfiles without a Docker engine: syntax and known mistakes, and
// that the image's program does not run as root.
import { readFile } from 'node:fs/promises'
import { validate } from 'dockerfile-utils'

let problems = 0
for (const path of process.argv.slice(2)) {
  const text = await readFile(path, 'utf8')
  for (const p of validate(text)) {
    console.error(`${path}:${p.range.start.line + 1}: ${p.message}`)
    problems++
  }
  const user = [...text.matchAll(/^USER\s+(\S+)/gm)].at(-1)?.[1] ?? 'root'
  if (!/^[1-9]\d*(:[1-9]\d*)?$/.test(user)) {
    console.error(`${path}: the last USER is ${user}; expected a number above zero, so that a cluster can see that it is not root`)
    problems++
  }
}
if (problems === 0) console.log(`dockerfile: ${process.argv.slice(2).join(' ')}: no problems`)
process.exit(problems === 0 ? 0 : 1)

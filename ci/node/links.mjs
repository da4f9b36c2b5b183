// Checks that relative links between Markdown documents lead to a file, and
// their fragments to a heading.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const root = join(import.meta.dirname, '..', '..')
const list = execFileSync('git', ['ls-files', '-coz', '--exclude-standard', '*.md'], { cwd: root, encoding: 'utf8' })
const documents = [...new Set(list.split('\0'))].filter((p) => p !== '' && existsSync(join(root, p)))

// The anchor that a forge gives to a heading.
const anchor = (heading) =>
  heading.toLowerCase().replace(/[`*]/g, '').replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-')

// Neither headings nor links are looked for in blocks of code.
const prose = (path) => readFileSync(join(root, path), 'utf8').replace(/^```[\s\S]*?^```/gm, '')
const anchorsOf = (path) => new Set([...prose(path).matchAll(/^#+\s+(.*)$/gm)].map((m) => anchor(m[1])))

let links = 0
let broken = 0
for (const path of documents) {
  for (const [, target] of prose(path).replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    links++
    const [file, fragment] = target.split('#')
    const to = file === '' ? path : normalize(join(dirname(path), file))
    const problem = !existsSync(join(root, to))
      ? 'leads to no file'
      : fragment && statSync(join(root, to)).isFile() && to.endsWith('.md') && !anchorsOf(to).has(fragment)
        ? 'leads to no heading'
        : ''
    if (problem !== '') {
      console.error(`${path}: ${target} ${problem}`)
      broken++
    }
  }
}
if (broken === 0) console.log(`links: ${links} in ${documents.length} documents`)
process.exit(broken === 0 ? 0 : 1)

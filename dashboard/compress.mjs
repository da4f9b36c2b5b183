// Writes beside each text file of the build what servers send of it: .br and
// .gz. What would not become smaller is left out. Then it adds up what each
// page takes to be shown: the other pages' files follow once it is.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const most = 120_000; // bytes, for a page

const folder = new URL('dist/', import.meta.url);
rmSync(new URL('prerendered-routes.json', folder), { force: true });

const files = new Map();
for (const name of readdirSync(folder).sort()) {
  if (!/\.(html|js|css|svg)$/.test(name)) continue;
  const plain = readFileSync(new URL(name, folder));
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  const gzip = gzipSync(plain, { level: 9 });
  for (const [suffix, bytes] of [['br', brotli], ['gz', gzip]]) {
    if (bytes.length < plain.length) writeFileSync(new URL(`${name}.${suffix}`, folder), bytes);
  }
  files.set(name, { sent: Math.min(plain.length, brotli.length), text: plain.toString() });
  console.log(`${name}: ${plain.length} bytes, gzip ${gzip.length}, brotli ${brotli.length}`);
}

/** The scripts that one needs before it runs, itself included. */
function needs(name, known = new Set()) {
  if (known.has(name)) return known;
  known.add(name);
  for (const [, other] of files.get(name).text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) needs(other, known);
  return known;
}

const scripts = [...files.keys()].filter((name) => name.endsWith('.js'));
const pages = scripts.filter((name) => name.includes('-page-') || name.endsWith('-page.js'));
if (pages.length === 0) throw new Error('compress.mjs: no page is among the files of the build');
const others = [...files.keys()].filter((name) => !name.endsWith('.js'));
let largest = 0;
for (const page of pages) {
  const name = page.split('-page')[0];
  // What is called after a page follows it, and is that page's alone.
  const follow = scripts.filter((script) => script.startsWith(`${name}-`));
  const sheets = others.filter((sheet) => !pages.some((p) => sheet === `${p.split('-page')[0]}.css`) || sheet === `${name}.css`);
  const known = follow.reduce((all, script) => needs(script, all), needs('main.js'));
  const sent = [...sheets, ...known].reduce((sum, file) => sum + files.get(file).sent, 0);
  console.log(`${page}: shown after ${(sent / 1000).toFixed(1)} kB, with brotli`);
  largest = Math.max(largest, sent);
}
const all = [...files.values()].reduce((sum, { sent }) => sum + sent, 0);
console.log(`transferred in all, with brotli: ${(all / 1000).toFixed(1)} kB`);
if (largest > most) {
  console.error(`compress.mjs: more than the ${most / 1000} kB that a page may take`);
  process.exit(1);
}

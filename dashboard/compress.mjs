// Writes beside each text file of the build what servers send of it: .br and
// .gz. What would not become smaller is left out.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = new URL('dist/', import.meta.url);
rmSync(new URL('prerendered-routes.json', folder), { force: true });

let sent = 0;
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
  sent += Math.min(plain.length, brotli.length);
  console.log(`${name}: ${plain.length} bytes, gzip ${gzip.length}, brotli ${brotli.length}`);
}
console.log(`transferred in all, with brotli: ${(sent / 1000).toFixed(1)} kB`);
if (sent > 120_000) {
  console.error('compress.mjs: more than the 120 kB that the page may take');
  process.exit(1);
}

import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { expect, test } from 'vitest';

// What a page downloads for what it imports, minified and compressed.

const source = (name: string) => fileURLToPath(new URL(`../src/${name}`, import.meta.url));

async function bundle(code: string): Promise<string> {
  const entry = '\0entry';
  const output = await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => {
          if (id === 'entry') return entry;
          return id.startsWith('penstock-client') ? source(id === 'penstock-client' ? 'index.ts' : 'rxjs.ts') : null;
        },
        load: (id) => (id === entry ? code : null),
      },
    ],
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      rollupOptions: { input: 'entry', external: ['rxjs'], preserveEntrySignatures: 'strict' },
    },
  });
  const first = Array.isArray(output) ? output[0] : output;
  if (!first || !('output' in first)) throw new Error('no output');
  return first.output[0].code;
}

const kilobytes = (code: string) => gzipSync(code, { level: 9 }).length / 1024;

test.each([
  ['everything', `export * from 'penstock-client'`, 11.5],
  ['predictions', `export { PredictClient } from 'penstock-client'`, 10.5],
  ['the dashboard', `export { DashboardClient } from 'penstock-client'`, 6.75],
  ['the dashboard for rxjs', `export { fromDashboard } from 'penstock-client/rxjs'`, 7.25],
])('%s is small', async (name, code, limit) => {
  const size = kilobytes(await bundle(code));
  console.info(`${name}: ${size.toFixed(2)} KiB`);
  expect(size).toBeLessThan(limit);
});

test('what is not imported is not there', async () => {
  expect(await bundle(`export { DashboardClient } from 'penstock-client'`)).not.toContain('/ws/predict');
  expect(await bundle(`export { PredictClient } from 'penstock-client'`)).not.toContain('/ws/dashboard');
  expect((await bundle(`import 'penstock-client'`)).length).toBeLessThan(50);
});

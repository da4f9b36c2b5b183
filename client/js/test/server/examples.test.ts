import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { serve } from './server.js';

const server = await serve();
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

// Each example stands in the README as it is here, and prints what it should.
test.each([
  ['predict', [/^a \d, I am \d+ % sure$/, /^(right|wrong)$/]],
  ['stream', [/^the last one is a \d$/]],
  ['errors', [/^reconnecting 1$/, /^connected 0$/, /^bad_features false 784 3$/, /^disconnected 0$/]],
  ['dashboard', [/^accuracy: (no labels yet|[01](\.\d+)?)$/]],
  ['rxjs', [/^reconnecting$/, /^connected$/, /^true$/]],
])('the example %s runs', async (name, expected) => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  const code = read(`../../examples/${name}.ts`);
  expect(read('../../README.md')).toContain(`\`\`\`ts\n${code}\`\`\``);
  expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(10);

  const Real = WebSocket;
  vi.stubGlobal(
    'WebSocket',
    class extends Real {
      constructor(url: string, protocols: string[]) {
        super(url.replace('ws://127.0.0.1:8080', server.url), protocols);
      }
    },
  );
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await import(`../../examples/${name}.ts`);
  const printed = log.mock.calls.map((args) => args.join(' '));
  expect(printed).toEqual(expected.map((line) => expect.stringMatching(line)));
});

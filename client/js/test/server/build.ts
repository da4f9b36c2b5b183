import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server's program. */
    penstock: string;
  }
}

/** Builds the server once for all tests, unless PENSTOCK names one. */
export default function setup({ provide }: TestProject) {
  if (process.env['PENSTOCK']) {
    provide('penstock', process.env['PENSTOCK']);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'penstock-'));
  const remove = () => rmSync(folder, { recursive: true });
  const program = join(folder, 'penstock');
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  try {
    execFileSync('go', ['build', '-o', program, '.'], { cwd: root, stdio: 'inherit' });
  } catch (error) {
    remove();
    throw error;
  }
  provide('penstock', program);
  return remove;
}

// Fails when a package that the lock file of a folder names for this very
// platform is not installed: node complete.mjs FOLDER
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const here = {
  os: process.platform,
  cpu: process.arch,
  libc: process.report?.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl',
};
/** What a package wants: one name or several, or, after "!", which it does not. */
const fits = (wanted, is) => {
  const names = [wanted ?? []].flat();
  return names.length === 0 || (names.some((n) => n.startsWith('!')) ? !names.includes(`!${is}`) : names.includes(is));
};

const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
const missing = Object.entries(packages)
  .filter(([, p]) => p.os ?? p.cpu)
  .filter(([, p]) => fits(p.os, here.os) && fits(p.cpu, here.cpu) && (here.os !== 'linux' || fits(p.libc, here.libc)))
  .map(([path]) => path)
  .filter((path) => !existsSync(join(folder, path)));
if (missing.length > 0) {
  console.error(`${folder}: not installed: ${missing.join(', ')}`);
  process.exit(1);
}

// Completes package-lock.json after "npm install": packages for other platforms
// that the registry at hand lacks are left out of it, and "npm ci" then refuses
// the file. They are named again here, without a hash; nothing installs them on
// a platform that they are not for.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors = { arm: 'arm', arm64: 'arm64', armv7: 'arm', ia32: 'ia32', ppc64: 'ppc64', riscv64: 'riscv64', s390x: 's390x', wasm32: 'wasm32', x64: 'x64' };

for (const { optionalDependencies = {} } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const words = name.split('/').at(-1).split('-');
    const os = systems.filter((s) => words.includes(s));
    const cpu = words.filter((w) => processors[w]).map((w) => processors[w]);
    if (lock.packages[`node_modules/${name}`] || !/^\d/.test(version) || cpu.length === 0) continue;
    lock.packages[`node_modules/${name}`] = { version, cpu, dev: true, optional: true, ...(os.length > 0 && { os }) };
    console.log(`lock.mjs: ${name} ${version}`);
  }
}
const [root, ...rest] = Object.keys(lock.packages);
lock.packages = Object.fromEntries([root, ...rest.sort((a, b) => a.localeCompare(b, 'en'))].map((key) => [key, lock.packages[key]]));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Value } from 'penstock-client';
import { afterAll, inject } from 'vitest';

/** The real server, which can be stopped and come back where it was. */
export class Server {
  address = '127.0.0.1:0';
  #process: ChildProcess | null = null;
  readonly #folder = mkdtempSync(join(tmpdir(), 'penstock-run-'));

  /** Further flags, all names relative to the server's own folder. */
  constructor(readonly flags: readonly string[] = []) {}

  get url(): string {
    return `ws://${this.address}`;
  }

  async start(): Promise<void> {
    const flags = ['--listen', this.address, '--admin-listen', '', '--log-format', 'json', '--drain-timeout', '5s', ...this.flags];
    const process = spawn(inject('penstock'), ['serve', ...flags], { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = process;
    const log: string[] = [];
    for await (const line of createInterface(process.stderr)) {
      log.push(line);
      const entry = JSON.parse(line) as { msg: string; url?: string };
      if (entry.msg !== 'ready' || !entry.url) continue;
      this.address = new URL(entry.url).host;
      process.stderr.resume();
      return;
    }
    throw new Error(`the server did not start:\n${log.join('\n')}`);
  }

  /** A token signed with the secret in the file `secret`. */
  token(...flags: string[]): string {
    return execFileSync(inject('penstock'), ['token', '--secret-file', 'secret', ...flags], { cwd: this.#folder, encoding: 'utf8' }).trim();
  }

  /** Writes a file into the server's folder. */
  write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const process = this.#process;
    this.#process = null;
    if (!process || process.exitCode !== null) return;
    const ended = once(process, 'exit');
    process.kill(signal);
    await ended;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** A server for the tests of a file. */
export async function serve(flags: readonly string[] = [], before: (server: Server) => void = () => undefined): Promise<Server> {
  const server = new Server(flags);
  before(server);
  await server.start();
  afterAll(async () => {
    await server.stop();
    server.remove();
  });
  return server;
}

/** Waits until a value is as it should be. */
export function until<T>(value: Value<T>, right: (v: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    let done = false;
    stop = value.subscribe((v) => {
      if (done || !right(v)) return;
      done = true;
      stop?.();
      resolve(v);
    });
    if (done) stop();
  });
}

/** Images of the digits 0 to 9 with the scores that the model must give. */
export function digits() {
  const file = new URL('../../../../weights/digits/golden.json', import.meta.url);
  const golden = JSON.parse(readFileSync(file, 'utf8')) as { features: number[][]; scores: number[][] };
  return Array.from({ length: 10 }, (_, digit) => {
    const features = golden.features[digit] as number[];
    return {
      label: String(digit),
      numbers: features,
      floats: Float32Array.from(features),
      bytes: Uint8Array.from(features, (v) => Math.round(v * 255)),
      scores: golden.scores[digit] as number[],
    };
  });
}

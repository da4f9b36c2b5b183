// Sends held-out digits and, a moment later, their labels: what the charts and
// the Quality page show in tests and pictures.
import { heldOut } from './digits.mjs';
import { socket } from './rig.mjs';

/** Streams until stop() is called. every: ms between rounds; each round of each
 * socket is one request of a few rows. */
export async function feed(server, { sockets = 3, every = 40, rows = 1, wrong = 0 } = {}) {
  const digits = heldOut(2000).map(({ label, pixels }) => ({ label, features: Array.from(pixels, (v) => Math.round((1000 * v) / 255) / 1000) }));
  const open = await Promise.all(Array.from({ length: sockets }, () => socket(`${server.ws}ws/predict`)));
  let at = 0;
  const timer = setInterval(() => {
    for (const s of open) {
      const id = `d${++at}`;
      const some = Array.from({ length: rows }, (_, i) => digits[(at * rows + i) % digits.length]);
      s.send({ request_id: id, features: some.map((d) => d.features) });
      setTimeout(() => s.send({ type: 'feedback', request_id: id, labels: some.map((d) => (Math.random() < wrong ? '8' : d.label)) }), 300 + 2000 * Math.random());
    }
  }, every);
  return { stop() { clearInterval(timer); setTimeout(() => open.forEach((s) => s.close()), 2500); } };
}

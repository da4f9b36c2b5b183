// Shows the newest metrics frame and the alerts that fire, from /events. Every
// value is set as text: nothing that a client sent can become markup.
"use strict";

const number = (value, digits = 0, unit = "") =>
  value === null || value === undefined ? "–" : value.toFixed(digits) + unit;
const percent = (value) => number(value === null ? null : value * 100, 2, " %");

const cards = [
  ["Accuracy", (m) => (m.model_accuracy === null ? "no labels yet" : percent(m.model_accuracy))],
  ["95 % interval", (m) => (m.accuracy_interval ? m.accuracy_interval.map(percent).join(" to ") : "–")],
  ["Labelled", (m) => number(m.labelled)],
  ["Predictions/s", (m) => number(m.predictions_per_second, 1)],
  ["Requests/s", (m) => number(m.requests_per_second, 1)],
  ["Latency p50", (m) => number(m.latency_ms.p50, 2, " ms")],
  ["Latency p99", (m) => number(m.latency_ms.p99, 2, " ms")],
  ["Error rate", (m) => percent(m.error_rate)],
  ["Shed/s", (m) => number(m.shed_per_second, 1)],
  ["Sockets", (m) => number(m.active_connections)],
  ["Users", (m) => number(m.active_users)],
  ["Queue", (m) => number(m.queue_depth, 0, " rows")],
  ["Batch", (m) => number(m.batch_rows, 1, " rows")],
  ["Workers busy", (m) => percent(m.workers_busy)],
  ["CPU", (m) => number(m.cpu_usage, 1, " %")],
  ["Memory", (m) => number(m.memory_bytes / 2 ** 20, 1, " MiB")],
];

const list = document.getElementById("metrics");
const values = cards.map(([name]) => {
  const box = document.createElement("div");
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  term.textContent = name;
  value.textContent = "–";
  box.append(term, value);
  list.append(box);
  return value;
});

function show(metrics) {
  cards.forEach(([, read], i) => { values[i].textContent = read(metrics); });
}

const firing = new Map();
function alerted(alert) {
  if (alert.state === "firing") firing.set(alert.metric, alert);
  else firing.delete(alert.metric);
  document.getElementById("alerts").replaceChildren(...[...firing.values()].map((a) => {
    const item = document.createElement("li");
    item.className = a.severity === "critical" ? "critical" : "warning";
    item.textContent = a.message;
    return item;
  }));
}

const status = document.getElementById("status");
function say(state, text) {
  status.dataset.state = state;
  status.textContent = text;
}

const events = new EventSource("events");
events.onopen = () => say("live", "Live");
events.onerror = () => say("lost", "Reconnecting");
events.onmessage = (event) => {
  const frame = JSON.parse(event.data);
  if (frame.type === "metrics") show(frame);
  if (frame.type === "alert") alerted(frame);
  if (frame.type === "history" && frame.points.length > 0) show(frame.points.at(-1));
};

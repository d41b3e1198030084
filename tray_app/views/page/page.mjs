// The page: charts with one cursor, ranges, keys, tables, and new rows where it is live.

import { bound, clock, count, day, duration, moment, percent, signed, size, UNKNOWN,
  UNWATCHED } from "./format.mjs";
import { appended, merged, rowAt, table, word } from "./data.mjs";
import { followed, panned, within, zoomed } from "./scale.mjs";
import { breaksOf, inside, nearest, sampledFrom } from "./thin.mjs";
import { Chart, events, figure, LEFT, memory, RIGHT, stack, stageColour } from "./chart.mjs";
import { SortedTable } from "./table.mjs";

const HOUR_MS = 3600000;
const SHORTEST = 10000;
const RANGES = [
  ["1 h", HOUR_MS], ["24 h", 24 * HOUR_MS], ["7 days", 168 * HOUR_MS], ["30 days", 720 * HOUR_MS],
  ["All", Infinity],
];
const AROUND = [["Incident", Infinity], ["± 1 min", 120000]];
const SPECS = [
  { key: "memory", title: "Memory of the server", height: 250, kind: memory,
    value: (rows, at) => rows.mean[at], format: size,
    note: "shaded: from least to most where the picture is denser than the screen" },
  { key: "events", title: "Jobs and server", height: 74, kind: events, note: "" },
  { key: "stack", title: "Memory by process", height: 170, kind: stack,
    value: (rows, at, model) => model.total[at], format: size,
    note: "sum of RSS: memory that processes share counts more than once; kept with the samples" },
  { key: "available", title: "Machine: memory available", height: 120,
    kind: figure((rows) => same(rows.available), "available", true, size, 64 * 1024 ** 2),
    value: (rows, at) => rows.available[at], format: size, note: "least where thinned" },
  { key: "cpu", title: "CPU of the server", height: 120,
    kind: figure((rows) => ({ least: rows.cpu, mean: rows.cpu, most: rows.mostCpu }), "cpu", false,
      percent, 10),
    value: (rows, at) => rows.cpu[at], format: percent, note: "100 % is one core" },
  { key: "descriptors", title: "Open files", height: 100,
    kind: figure((rows) => same(rows.descriptors), "descriptors", false, count, 10),
    value: (rows, at) => rows.descriptors[at], format: count, note: "descriptors; most where thinned" },
  { key: "temp", title: "Temp directory", height: 100,
    kind: figure((rows) => same(rows.temp), "temp", true, size, 1024 ** 2),
    value: (rows, at) => rows.temp[at], format: size, note: "most where thinned" },
];
const PAPER = 720; // Pixels across a sheet: what is drawn wider has letters too small to read.
const COLOURS = [
  "page", "text", "faint", "grid", "gap", "memory", "limit", "alert", "available", "cpu",
  "descriptors", "temp", "job", "older", "start", "onstage", "band-green", "band-yellow", "band-orange",
  "band-red", ...Array.from({ length: 10 }, (_, number) => `stage-${number}`),
  ...Array.from({ length: 9 }, (_, number) => `layer-${number}`),
];

function same(values) {
  return { least: values, mean: values, most: values };
}

/** What the page shows: the data as read, rows as arrays, and sums that are needed at each draw. */
function modelOf(data, rows) {
  const total = new Float64Array(rows.count).fill(NaN);
  for (const values of rows.layers.values()) {
    for (let at = rows.samplesFrom; at < rows.count; at++) {
      if (values[at] > 0) total[at] = (total[at] > 0 ? total[at] : 0) + values[at];
    }
  }
  return { ...data, rows: { ...rows, breaks: breaksOf(rows, data.gaps) }, total };
}

function element(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

class Page {
  constructor(root, data) {
    this.root = root;
    this.model = modelOf(data, table(data.rows));
    this.limits = { from: data.from_ms, to: Math.max(data.to_ms, data.from_ms + SHORTEST) };
    this.cursor = null;
    this.queued = false;
    /** Of an incident: its moment, around which it has ranges of its own. */
    this.moment = data.marks[0]?.at_ms ?? null;
    this.ranges = this.moment === null ? RANGES : AROUND;
    this.whole = this.ranges.find(([, span]) => span === Infinity)[0];
    this.build();
    this.tables();
    this.listen();
    this.choose(this.opens());
    this.drawNow();
  }

  build() {
    this.buttons = new Map(this.ranges.map(([name]) => [name, element("button", {
      textContent: name, type: "button", onclick: () => this.choose(name) })]));
    const button = (text, label, act) => element("button", {
      textContent: text, type: "button", "aria-label": label, title: label, onclick: act });
    const tools = element("div", { className: "tools", role: "toolbar", "aria-label": "Time shown" },
      ...this.buttons.values(),
      button("◀", "Earlier", () => this.pan(-0.5)), button("▶", "Later", () => this.pan(0.5)),
      button("+", "Zoom in", () => this.zoom(0.5)), button("−", "Zoom out", () => this.zoom(2)));
    this.shown = element("p", { className: "shown" });
    this.readout = element("p", { className: "readout", id: "readout" });
    this.spoken = element("p", { className: "spoken", role: "status" });
    this.charts = element("div", { id: "charts", tabIndex: 0, role: "group",
      "aria-label": "Charts over time. Left and right move the cursor, plus and minus zoom, "
        + `Shift with left and right moves in time, 1 to ${this.ranges.length} choose the range.` });
    this.line = element("div", { className: "cursor", hidden: true });
    this.chosen = element("div", { className: "chosen", hidden: true });
    this.drawn = SPECS.map((spec) => this.figure(spec));
    this.charts.append(this.line, this.chosen);
    const help = element("p", { className: "help" },
      "Drag over a chart to zoom, double click to go back. Ctrl and wheel zoom, Shift and wheel or "
      + "Shift and drag move in time. "
      + `Keys: ← → + − Home End, 1 to ${this.ranges.length}.`);
    this.head = element("div", { className: "head" }, tools, this.shown, this.readout);
    this.root.append(this.head, this.charts, this.spoken, help);
  }

  figure(spec) {
    const value = element("output", { className: "value", id: `value-${spec.key}` });
    const title = element("h2", { textContent: spec.title });
    const caption = element("figcaption", {}, title, value,
      element("span", { className: "note", textContent: spec.note }));
    const made = element("figure", { id: `chart-${spec.key}` }, caption);
    const chart = new Chart(made, spec.height, spec.kind);
    const legend = element("ul", { className: "legend" });
    if (spec.key === "stack" || spec.key === "events") made.append(legend);
    this.charts.append(made);
    return { spec, chart, value, legend, made };
  }

  /** The range that the page opens with: all of a history of a day or less, else the server's choice. */
  opens() {
    const isDay = this.limits.to - this.limits.from <= 24 * HOUR_MS;
    return isDay ? this.whole : this.model.verdict?.opens ?? "24 h";
  }

  /** The sentences at the top, of the range that was chosen last. */
  judge() {
    const { verdict } = this.model;
    const place = document.getElementById("verdict");
    if (!verdict || !place) return;
    const name = this.judged in verdict.happened ? this.judged : "All";
    place.querySelector("h2").textContent = verdict.times[name];
    const lines = place.querySelectorAll("p");
    [verdict.happened[name], verdict.leak, verdict.next].forEach((answer, number) => {
      const line = lines[number];
      line.classList.toggle("concern", answer.concern);
      line.querySelector("b").textContent = bound(answer.lead);
      line.querySelector("span").textContent = bound(answer.rest);
    });
  }

  /** The view of a named range: its end is the newest, or the incident in its middle. */
  choose(name) {
    this.range = name;
    this.judged = name;
    this.judge();
    const span = this.ranges.find(([each]) => each === name)[1];
    const width = Math.min(span, this.limits.to - this.limits.from);
    const to = this.moment === null ? this.limits.to : this.moment + width / 2;
    this.show(within({ from: to - width, to }, this.limits));
  }

  show(view) {
    this.view = view;
    this.draw();
  }

  zoom(factor, at = this.cursor ?? (this.view.from + this.view.to) / 2) {
    this.range = "";
    this.show(zoomed(this.view, factor, at, this.limits, SHORTEST));
  }

  pan(share) {
    this.range = "";
    this.show(panned(this.view, share * (this.view.to - this.view.from), this.limits));
  }

  draw() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => this.queued && this.drawNow());
  }

  drawNow() {
    this.queued = false;
    const style = getComputedStyle(document.documentElement);
    const colours = Object.fromEntries(
      COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
    const [width, ratio] = this.isPrinting ? [PAPER, 2] : [this.charts.clientWidth];
    this.width = width;
    const isEmpty = !this.model.rows.count;
    this.root.classList.toggle("empty", isEmpty);
    document.documentElement.classList.toggle("full", !isEmpty);
    for (const each of this.drawn) {
      const { highest, lowest } = each.chart.draw(this.model, this.view, width, colours, ratio);
      each.chart.canvas.setAttribute("aria-label", this.describe(each.spec, lowest, highest));
    }
    for (const [name, button] of this.buttons) {
      button.setAttribute("aria-pressed", name === this.range);
    }
    this.shown.textContent = `${moment(this.view.from)} to ${moment(this.view.to)}`
      + ` (${duration((this.view.to - this.view.from) / 1000)})`;
    this.legends();
    this.point();
  }

  describe(spec, lowest, highest) {
    if (spec.key === "events") return this.describeEvents();
    if (!Number.isFinite(highest)) return `${spec.title}: no reading in this time`;
    const least = spec.key === "stack" ? "" : `least ${spec.format(lowest)}, `;
    return `${spec.title}: ${least}most ${spec.format(highest)}`;
  }

  describeEvents() {
    const { from, to } = this.view;
    const jobs = this.model.jobs.filter((each) => each.ended_ms >= from && each.started_ms <= to);
    const alerts = this.model.alerts.filter((each) => each.at_ms >= from && each.at_ms <= to);
    return `Jobs and server: ${jobs.length} jobs and ${alerts.length} alerts in this time`;
  }

  legends() {
    const [events, stack] = ["events", "stack"].map((key) =>
      this.drawn.find((each) => each.spec.key === key));
    const layers = [...this.model.rows.layers.keys()];
    const of = (names, colour) => names.map((name, number) => {
      const mark = element("i");
      mark.style.background = `var(--${colour(name, number)})`;
      return element("li", {}, mark, name);
    });
    const stages = this.model.rows.stage.names.filter(Boolean);
    const { jobs, rows } = this.model;
    const isOlder = jobs.some((each) => each.started_ms < sampledFrom(rows));
    const words = `${layers}|${stages}|${isOlder}`;
    if (words === this.legendOf) return;
    this.legendOf = words;
    stack.legend.replaceChildren(...of(layers, (_, number) => `layer-${number % 9}`));
    events.legend.replaceChildren(
      ...of(stages, (name) => `stage-${stageColour(name)}`),
      ...of(["job, stage unknown"], () => "job"),
      ...of(isOlder ? ["job, stages no longer kept"] : [], () => "older"),
      ...[["▶", "start", "server start"], ["■", "alert", "server end"], ["▼", "alert", "alert"],
        ["▼", "job", "alert without a notification"]]
        .map(([sign, colour, name]) => {
          const mark = element("span", { textContent: sign });
          mark.style.color = `var(--${colour})`;
          return element("li", {}, mark, ` ${name}`);
        }));
  }

  /** Place the cursor and tell what is there; `aloud` for who moves it by keys. */
  point(aloud = false) {
    const { rows } = this.model;
    const at = this.cursor;
    const isShown = at !== null && at >= this.view.from && at <= this.view.to;
    this.line.hidden = !isShown;
    const row = isShown ? rowAt(rows, at) : -1;
    const shown = isShown ? row : this.resting();
    if (isShown) {
      const plot = this.width - LEFT - RIGHT;
      const share = (at - this.view.from) / (this.view.to - this.view.from);
      this.line.style.transform = `translateX(${LEFT + share * plot}px)`;
    }
    for (const { spec, value } of this.drawn) {
      if (!spec.value) continue;
      const figure = shown < 0 ? NaN : spec.value(rows, shown, this.model);
      if (value.figure === figure) continue;
      value.figure = figure;
      value.textContent = spec.format(figure);
      value.dataset.value = Number.isNaN(figure) ? "" : figure;
    }
    this.readout.textContent = isShown ? this.tell(at, row)
      : `Point at a chart to read its figures; until then ${this.moment === null ? "the newest ones"
        : "those of the incident"} are shown.`;
    if (aloud) this.spoken.textContent = this.readout.textContent;
  }

  /** The row of the figures without a cursor: the newest, or the incident's last reading. */
  resting() {
    const { rows } = this.model;
    if (this.moment === null) return rows.count - 1;
    let row = rows.at.findLastIndex((each) => each <= this.moment);
    while (row > 0 && Number.isNaN(rows.mean[row])) row -= 1;
    return row;
  }

  tell(at, row) {
    const { rows, gaps, jobs, alerts } = this.model;
    const scale = (this.view.to - this.view.from) / Math.max(1, this.width);
    const parts = [`${day(at)}, ${clock(at)}`];
    const gap = inside(gaps, at, "from_ms", "to_ms");
    if (row >= 0) parts.push(...this.figures(rows, row));
    else if (gap) parts.push(`not watched (${UNWATCHED[gap.why] ?? gap.why})`);
    else parts.push("no sample");
    const job = inside(jobs, at, "started_ms", "ended_ms");
    if (job) {
      parts.push(`job ${job.number}: ${duration((job.ended_ms - job.started_ms) / 1000)}, `
        + `${size(job.before)} → ${size(job.peak)} → ${size(job.after)}`);
    }
    const alert = nearest(alerts, at, 6 * scale);
    if (alert) parts.push(`alert: ${alert.title}`);
    const server = nearest(this.model.servers, at, 6 * scale);
    if (server) parts.push(`server ${SERVER[server.what] ?? server.what} (pid ${server.pid})`);
    return parts.join(" · ");
  }

  figures(rows, row) {
    const parts = [];
    const level = word(rows.level, row);
    const stage = word(rows.stage, row);
    if (Number.isNaN(rows.most[row])) parts.push("no reading");
    else if (row < rows.samplesFrom) {
      parts.push(`memory ${size(rows.mean[row])} (${size(rows.least[row])} to ${size(rows.most[row])}`
        + ` in ${rows.length[row] < HOUR_MS ? "a minute" : "an hour"})`);
    } else parts.push(`memory ${size(rows.mean[row])}`);
    if (level && level !== "normal") parts.push(level);
    if (row >= rows.samplesFrom) parts.push(stage ? `processing ${stage}` : word(rows.activity, row));
    return parts.filter(Boolean);
  }

  listen() {
    const { charts } = this;
    const timeAt = (event) => {
      const box = charts.getBoundingClientRect();
      const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
      return this.view.from + Math.min(Math.max(share, 0), 1) * (this.view.to - this.view.from);
    };
    let drag = null;
    charts.addEventListener("pointerdown", (event) => {
      if (event.button > 1 || event.target.closest("figcaption, ul")) return;
      charts.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, at: timeAt(event), view: this.view,
        moves: event.shiftKey || event.button === 1 };
      if (drag.moves) event.preventDefault();
    });
    charts.addEventListener("pointermove", (event) => {
      this.cursor = timeAt(event);
      if (drag?.moves) {
        const plot = this.width - LEFT - RIGHT;
        const ms = ((drag.x - event.clientX) / plot) * (drag.view.to - drag.view.from);
        this.range = "";
        this.show(panned(drag.view, ms, this.limits));
      } else if (drag) this.choosing(drag.x, event.clientX);
      this.point();
    });
    const end = (event) => {
      if (drag && !drag.moves && Math.abs(event.clientX - drag.x) > 5) {
        const to = timeAt(event);
        const middle = (drag.at + to) / 2;
        const half = Math.max(Math.abs(to - drag.at), SHORTEST) / 2;
        this.range = "";
        this.show(within({ from: middle - half, to: middle + half }, this.limits));
      }
      this.chosen.hidden = true;
      drag = null;
    };
    charts.addEventListener("pointerup", end);
    charts.addEventListener("pointercancel", () => {
      this.chosen.hidden = true;
      drag = null;
    });
    charts.addEventListener("pointerleave", () => {
      if (drag) return;
      this.cursor = null;
      this.point();
    });
    charts.addEventListener("dblclick", () => this.choose(this.limits.to - this.limits.from
      <= 24 * HOUR_MS ? this.whole : "24 h"));
    charts.addEventListener("wheel", (event) => this.wheel(event, timeAt(event)), { passive: false });
    charts.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(charts);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drawNow());
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  /** Paper is white, whatever the browser's colours are. */
  print(isPrinting) {
    document.documentElement.toggleAttribute("data-print", isPrinting);
    this.isPrinting = isPrinting;
    this.drawNow();
  }

  choosing(from, to) {
    const { left } = this.charts.getBoundingClientRect();
    this.chosen.hidden = Math.abs(to - from) <= 5;
    this.chosen.style.left = `${Math.min(from, to) - left}px`;
    this.chosen.style.width = `${Math.abs(to - from)}px`;
  }

  wheel(event, at) {
    const across = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) this.zoom(1.0015 ** event.deltaY, at);
    else if (Math.abs(across) > 0 && (event.shiftKey || Math.abs(across) > Math.abs(event.deltaY))) {
      this.pan(across / 1500);
    } else return;
    event.preventDefault();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (this.view.to - this.view.from) / 200;
    const keys = {
      ArrowLeft: () => (event.shiftKey ? this.pan(-0.1) : this.move(-step)),
      ArrowRight: () => (event.shiftKey ? this.pan(0.1) : this.move(step)),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
      Home: () => this.show(within({ from: this.limits.from, to: this.limits.from
        + this.view.to - this.view.from }, this.limits)),
      End: () => this.pan(Infinity),
      Escape: () => this.choose(this.whole), 0: () => this.choose(this.whole),
    };
    this.ranges.forEach(([name], number) => {
      keys[number + 1] = () => this.choose(name);
    });
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  }

  move(ms) {
    const from = this.cursor ?? (this.view.from + this.view.to) / 2;
    this.cursor = Math.min(Math.max(from + ms, this.view.from), this.view.to);
    this.point(true);
  }

  tables() {
    const section = (id) => document.getElementById(id);
    this.jobs = new SortedTable(section("jobs"),
      ["Start", "Took", "Before", "Peak", "After", "Kept", "Stages"], "No job ended in this time.");
    this.alerts = new SortedTable(section("alerts"),
      ["Time", "Alert", "What it said", "Notification"], "No alert in this time.");
    this.fill();
  }

  fill() {
    const around = (from, to) => () => {
      this.range = "";
      const margin = Math.max(60000, 0.5 * (to - from));
      this.show(within({ from: from - margin, to: to + margin }, this.limits));
      this.charts.style.scrollMarginTop = `${this.head.offsetHeight}px`;
      this.charts.scrollIntoView({ block: "start" });
      this.charts.focus({ preventScroll: true });
    };
    this.jobs.show(this.model.jobs.map((job) => {
      const took = (job.ended_ms - job.started_ms) / 1000;
      const stages = job.stages.map(([name, seconds]) =>
        (seconds === null ? name : `${name} ${seconds < 0.5 ? "<1 s" : duration(seconds)}`)).join(", ");
      return {
        values: [job.started_ms, took, job.before, job.peak, job.after, job.kept, stages],
        cells: [moment(job.started_ms), duration(took), size(job.before), size(job.peak),
          job.lost ? "server ended" : size(job.after), signed(job.kept), bound(stages) || UNKNOWN],
        click: around(job.started_ms, job.ended_ms),
      };
    }));
    const fates = {
      quiet: "none (quiet)",
      muted: "none (muted)",
      closed: "shown, closed by you",
      clicked: "shown, button pressed",
    };
    this.alerts.show(this.model.alerts.map((alert) => {
      const fate = fates[alert.fate] ?? alert.fate;
      return {
        values: [alert.at_ms, alert.title, alert.text, fate],
        cells: [moment(alert.at_ms), bound(alert.title), bound(alert.text), fate],
        click: around(alert.at_ms, alert.at_ms),
      };
    }));
  }

  /** Takes newer rows, and what happened meanwhile. What is looked at stays where it is. */
  update(newer) {
    const { model } = this;
    const rows = appended(model.rows, table(newer.rows));
    const before = this.limits;
    const isFirst = !model.rows.count && rows.count;
    this.limits = { from: isFirst ? newer.from_ms : before.from,
      to: Math.max(before.to, newer.to_ms) };
    const news = JSON.stringify([newer.jobs, newer.alerts]);
    const happened = newer.jobs.length + newer.alerts.length > 0 && news !== this.news;
    this.news = news;
    this.model = modelOf({
      ...model,
      verdict: newer.verdict ?? model.verdict,
      jobs: merged(model.jobs, newer.jobs, (each) => each.started_ms),
      alerts: merged(model.alerts, newer.alerts, (each) => `${each.at_ms} ${each.title}`),
      servers: merged(model.servers, newer.servers, (each) => `${each.at_ms} ${each.what}`),
      gaps: merged(model.gaps, newer.gaps, (each) => each.from_ms),
    }, rows);
    if (happened) this.fill();
    this.judge();
    if (isFirst) this.choose(this.whole);
    else this.show(followed(this.view, before, this.limits));
  }
}

const SERVER = { switched: "is another process", worker_replaced: "replaced a worker" };

const HIDDEN_MS = 30000; // The server waits longer than this for a page that is open.

/** So long, or until somebody looks again; seldom while nobody does. */
function waited(ms) {
  return new Promise((done) => {
    const end = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      done();
    };
    const seen = () => document.hidden || end();
    const timer = setTimeout(end, document.hidden ? HIDDEN_MS : ms);
    document.addEventListener("visibilitychange", seen);
  });
}

/** Ask the page's server for newer rows, as long as the page is open, and tell it the end. */
async function follow(page, url) {
  addEventListener("pagehide", () => fetch("closed", { keepalive: true }).catch(() => {}));
  const badge = element("span", { className: "live", role: "status", textContent: "live" });
  document.querySelector("h1").append(" ", badge);
  for (let pause = 1000; ; ) {
    await waited(pause);
    const { rows } = page.model;
    const last = rows.count ? rows.at[rows.count - 1] : 0;
    try {
      const answer = await fetch(`${url}?after=${last}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      page.update(await answer.json());
      pause = 1000;
      badge.textContent = "live";
    } catch {
      pause = Math.min(2 * pause, 10000);
      badge.textContent = "not live: open it again from the menu";
    }
    badge.classList.toggle("lost", badge.textContent !== "live");
  }
}

const page = new Page(document.getElementById("app"),
  JSON.parse(document.getElementById("data").textContent));
document.documentElement.classList.add("drawn");
performance.mark("drawn");
if (document.body.dataset.live) follow(page, document.body.dataset.live);

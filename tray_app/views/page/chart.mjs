// Draws one chart on a canvas: axes, gaps, limits, and lines, layers or spans over time.

import { clock, day, size, UNWATCHED } from "./format.mjs";
import { linear, timeTicks, valueTicks } from "./scale.mjs";
import { extent, ofJobs, peaks, sampledFrom, spans, thinned } from "./thin.mjs";

export const LEFT = 64;
export const RIGHT = 14;
const AXIS = 20;
const TOP = 8;
const FONT = "12px system-ui, sans-serif";

const EARLIER_MS = 300000; // A stage before the time in sight may belong to a job that ended there.

const STAGES = ["upload", "thumbnail", "detection", "setup", "frames", "analysis", "encoding",
  "saving", "feedback", "cleanup"];

/** The number of a stage's colour; words that are not known share the rest. */
export function stageColour(name) {
  const known = STAGES.indexOf(name);
  if (known >= 0) return known;
  let sum = 0;
  for (const char of name) sum += char.codePointAt(0);
  return sum % STAGES.length;
}

/** The label of a moment on the axis: the day where a day begins, else the time. */
export function tickLabel(ms, step) {
  const at = new Date(ms);
  if (at.getHours() + at.getMinutes() + at.getSeconds() === 0) return day(ms);
  return clock(ms, step < 60000);
}

/** A canvas in `host` with its own height; `paint(canvas)` draws into it. */
export class Chart {
  constructor(host, height, kind) {
    this.host = host;
    this.height = height;
    this.kind = kind;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("role", "img");
    host.append(this.canvas);
    this.context = this.canvas.getContext("2d");
  }

  /** Fit to the width at hand, with so many dots to a pixel; the width of the plot in pixels. */
  fit(width, ratio) {
    const [across, down] = [Math.round(width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== across || this.canvas.height !== down) {
      this.canvas.width = across;
      this.canvas.height = down;
      this.canvas.style.height = `${this.height}px`;
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, this.height);
    this.context.font = FONT;
    return Math.max(1, Math.round(width - LEFT - RIGHT));
  }

  draw(model, view, width, colours, ratio = window.devicePixelRatio || 1) {
    const plot = this.fit(width, ratio);
    const x = linear(view.from, view.to, LEFT, LEFT + plot);
    const bottom = this.height - AXIS;
    const pen = { context: this.context, x, plot, top: TOP, bottom, colours, view, model };
    const told = this.kind(pen);
    markLines(pen);
    return told;
  }
}

/** What the page is about: a line in each chart. */
function markLines({ context, x, top, bottom, colours, model, view }) {
  context.fillStyle = colours.text;
  for (const { at_ms } of model.marks) {
    if (at_ms >= view.from && at_ms <= view.to) context.fillRect(x.to(at_ms) - 1, top, 2, bottom - top);
  }
}

/** The name of each such line, on the side that has the room. */
function markNames({ context, x, plot, bottom, colours, model, view }) {
  context.textBaseline = "bottom";
  for (const { at_ms, name } of model.marks) {
    if (at_ms < view.from || at_ms > view.to) continue;
    const at = x.to(at_ms);
    const isLeft = at > LEFT + plot / 2;
    context.textAlign = isLeft ? "right" : "left";
    halo(context, name, at + (isLeft ? -6 : 6), bottom - 6, colours, colours.text);
  }
}

/** The highest line of the axis: some room above the highest value. */
function head(highest, least) {
  return Math.max(highest, least) * 1.08;
}

export function grid(pen, high, binary, format) {
  const { context, x, plot, top, bottom, colours, view } = pen;
  const y = linear(0, high, bottom, top);
  context.lineWidth = 1;
  context.strokeStyle = colours.grid;
  context.fillStyle = colours.faint;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.beginPath();
  for (const value of valueTicks(high, Math.max(3, (bottom - top) / 38), binary)) {
    const at = Math.round(y.to(value)) + 0.5;
    context.moveTo(LEFT, at);
    context.lineTo(LEFT + plot, at);
    context.fillText(format(value), LEFT - 8, at);
  }
  context.stroke();
  timeAxis(pen, x, view);
  return y;
}

function timeAxis({ context, plot, bottom, colours }, x, view) {
  const { step, ticks } = timeTicks(view.from, view.to, Math.max(2, plot / 86));
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = colours.faint;
  context.strokeStyle = colours.grid;
  context.beginPath();
  for (const at of ticks) {
    const px = Math.round(x.to(at)) + 0.5;
    context.moveTo(px, bottom);
    context.lineTo(px, bottom + 4);
    if (px > LEFT + 16 && px < LEFT + plot - 16) {
      context.fillText(tickLabel(at, step), px, bottom + 6);
    }
  }
  context.stroke();
}

/** Times that nobody watched: hatched, with the reason where there is room. */
export function gaps({ context, x, plot, top, bottom, colours, model, view }) {
  for (const gap of model.gaps) {
    if (gap.to_ms < view.from || gap.from_ms > view.to) continue;
    const from = Math.max(LEFT, x.to(gap.from_ms));
    const to = Math.min(LEFT + plot, x.to(gap.to_ms));
    const width = Math.max(1, to - from);
    context.fillStyle = colours.gap;
    context.fillRect(from, top, width, bottom - top);
    const words = UNWATCHED[gap.why] ?? gap.why;
    if (width > context.measureText(words).width + 12 && bottom - top > 60) {
      context.fillStyle = colours.faint;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(words, from + width / 2, (top + bottom) / 2);
    }
  }
}

/** A line with its band of least and most, filled down to the ground. */
export function line(pen, columns, y, colour, filled = true) {
  const { context, bottom } = pen;
  const { low, high, mean, starts } = columns;
  const area = new Path2D();
  const band = new Path2D();
  const path = new Path2D();
  let run = [];
  const close = () => {
    if (!run.length) return;
    const [first, last] = [LEFT + run[0], LEFT + run[run.length - 1]];
    area.moveTo(first, bottom);
    for (const at of run) area.lineTo(LEFT + at, y.to(high[at]));
    area.lineTo(last, bottom);
    area.closePath();
    for (const at of run) band.lineTo(LEFT + at, y.to(high[at]));
    for (let at = run.length - 1; at >= 0; at--) band.lineTo(LEFT + run[at], y.to(low[run[at]]));
    band.closePath();
    path.moveTo(first, y.to(mean[run[0]]));
    if (run.length === 1) path.lineTo(first + 1, y.to(mean[run[0]]));
    for (const at of run) path.lineTo(LEFT + at, y.to(mean[at]));
    run = [];
  };
  for (let at = 0; at < high.length; at++) {
    if (high[at] !== high[at]) continue;
    if (starts[at]) {
      close();
      band.moveTo(LEFT + at, y.to(high[at]));
    } else if (!run.length) band.moveTo(LEFT + at, y.to(high[at]));
    run.push(at);
  }
  close();
  context.lineJoin = "round";
  if (filled) {
    context.globalAlpha = 0.13;
    context.fillStyle = colour;
    context.fill(area);
  }
  context.globalAlpha = 0.5;
  context.fillStyle = colour;
  context.fill(band);
  context.lineWidth = 0.75;
  context.strokeStyle = colour;
  context.stroke(band);
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.stroke(path);
}

/** Memory: colour bands and limits behind it, alerts as marks above, the peak with its figure. */
export function memory(pen) {
  const { context, plot, top, bottom, colours, model, view, x } = pen;
  const { rows } = model;
  const columns = thinned(rows, rows, view, plot);
  const { highest, lowest, peak } = extent(columns);
  const limit = model.lines.find((each) => each.at_bytes > highest);
  const near = limit && limit.at_bytes < 1.5 * highest ? limit.at_bytes : 0;
  const high = head(Math.max(highest, near), 64 * 1024 ** 2);
  const ground = linear(0, high, bottom, top);
  for (const [index, each] of model.bands.entries()) {
    const above = model.bands[index + 1]?.at_bytes ?? Infinity;
    const from = Math.max(top, ground.to(Math.min(above, high)));
    const to = ground.to(Math.min(each.at_bytes, high));
    context.fillStyle = colours[`band-${each.name}`] ?? "transparent";
    context.fillRect(LEFT, from, plot, Math.max(0, to - from));
  }
  gaps(pen);
  const y = grid(pen, high, true, size);
  alertLines(pen);
  if (highest > 0) line(pen, columns, y, colours.memory);
  limits(pen, y, high);
  if (highest > 0) peakLabel(pen, y, peak, highest);
  alertMarks(pen, x);
  markNames(pen);
  return { highest, lowest };
}

function limits({ context, plot, colours, model }, y, high) {
  context.setLineDash([6, 4]);
  context.lineWidth = 1;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  for (const each of model.lines) {
    if (each.at_bytes > high) continue;
    const at = Math.round(y.to(each.at_bytes)) + 0.5;
    context.strokeStyle = colours.limit;
    context.beginPath();
    context.moveTo(LEFT, at);
    context.lineTo(LEFT + plot, at);
    context.stroke();
    halo(context, `${each.name}: above ${size(each.at_bytes)}`, LEFT + 6, at - 2, colours,
      colours.limit);
  }
  context.setLineDash([]);
}

function halo(context, text, x, y, colours, colour) {
  context.save();
  context.setLineDash([]);
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = colours.page;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
  context.restore();
}

function peakLabel({ context, plot, colours, top }, y, peak, highest) {
  const text = `peak ${size(highest)}`;
  const half = context.measureText(text).width / 2;
  const at = Math.min(Math.max(LEFT + peak, LEFT + half + 4), LEFT + plot - half - 4);
  context.fillStyle = colours.memory;
  context.beginPath();
  context.arc(LEFT + peak, y.to(highest), 3, 0, 7);
  context.fill();
  context.textAlign = "center";
  context.textBaseline = "bottom";
  halo(context, text, at, Math.max(top + 14, y.to(highest) - 5), colours, colours.text);
}

function alertLines({ context, x, top, bottom, colours, model, view }) {
  context.strokeStyle = colours.alert;
  context.globalAlpha = 0.35;
  context.lineWidth = 1;
  context.beginPath();
  for (const each of model.alerts) {
    if (each.fate === "quiet" || each.at_ms < view.from || each.at_ms > view.to) continue;
    const at = Math.round(x.to(each.at_ms)) + 0.5;
    context.moveTo(at, top);
    context.lineTo(at, bottom);
  }
  context.stroke();
  context.globalAlpha = 1;
}

function alertMarks({ context, top, colours, model, view }, x) {
  for (const each of model.alerts) {
    if (each.at_ms < view.from || each.at_ms > view.to) continue;
    const at = x.to(each.at_ms);
    context.fillStyle = each.fate === "quiet" ? colours.job : colours.alert;
    context.beginPath();
    context.moveTo(at - 5, top - 8);
    context.lineTo(at + 5, top - 8);
    context.lineTo(at, top + 1);
    context.fill();
  }
}

/** A figure over time: `pick(rows)` gives its columns. */
export function figure(pick, colour, binary, format, least) {
  return (pen) => {
    const columns = thinned(pen.model.rows, pick(pen.model.rows), pen.view, pen.plot);
    const { highest, lowest } = extent(columns);
    gaps(pen);
    const y = grid(pen, head(highest, least), binary, format);
    if (highest >= 0) line(pen, columns, y, pen.colours[colour]);
    return { highest, lowest };
  };
}

/** The server's processes on top of each other, at the moment of each pixel's highest sum. */
export function stack(pen) {
  const { context, bottom, colours, model, view, plot } = pen;
  const { rows } = model;
  const found = peaks(rows, model.total, view, plot);
  let highest = -Infinity;
  for (const row of found) if (row >= 0) highest = Math.max(highest, model.total[row]);
  gaps(pen);
  const y = grid(pen, head(highest, 64 * 1024 ** 2), true, size);
  const ground = new Float64Array(plot + 1);
  const columns = Array.from(found.keys()).filter((at) => found[at] >= 0);
  const { total } = model;
  const { starts } = thinned(rows, { least: total, mean: total, most: total }, view, plot);
  [...rows.layers.values()].forEach((values, number) => {
    const shape = new Path2D();
    let open = [];
    const close = () => {
      if (!open.length) return;
      shape.moveTo(LEFT + open[0], y.to(ground[open[0]]));
      for (const at of open) shape.lineTo(LEFT + at, y.to(ground[at] + height(values, found[at])));
      const last = open[open.length - 1];
      if (open.length === 1) shape.lineTo(LEFT + last + 1, y.to(ground[last] + height(values, found[last])));
      for (const at of open.reverse()) shape.lineTo(LEFT + at, y.to(ground[at]));
      shape.closePath();
      open = [];
    };
    // Without the places where it is nothing, before and after, too: a line of no height is printed.
    columns.forEach((at, number) => {
      if (starts[at]) close();
      const near = [columns[number - 1], at, columns[number + 1]];
      if (near.some((each) => height(values, found[each]) > 0)) open.push(at);
      else close();
    });
    close();
    context.fillStyle = colours[`layer-${number % 9}`];
    context.fill(shape);
    for (let at = 0; at <= plot; at++) if (found[at] >= 0) ground[at] += height(values, found[at]);
  });
  return { highest, lowest: 0, bottom };
}

const height = (values, row) => (values[row] > 0 ? values[row] : 0);

/** Jobs as spans coloured by stage, alerts and the server's starts and ends as marks. */
export function events(pen) {
  const { context, x, plot, colours, model, view, top, bottom } = pen;
  gaps(pen);
  timeAxis(pen, x, view);
  const bar = (from, to, y, tall) => {
    const left = Math.max(LEFT, x.to(from));
    const right = Math.min(LEFT + plot, x.to(to));
    if (right >= LEFT && left <= LEFT + plot) {
      context.fillRect(left, y, Math.max(1.5, right - left), tall);
    }
    return [left, right];
  };
  label(pen, "jobs", top + 11);
  label(pen, "server", bottom - 10);
  for (const job of model.jobs) {
    if (job.ended_ms < view.from || job.started_ms > view.to) continue;
    const known = Math.min(Math.max(job.started_ms, sampledFrom(model.rows)), job.ended_ms);
    context.fillStyle = colours.older;
    if (known > job.started_ms) bar(job.started_ms, known, top, 22);
    context.fillStyle = colours.job;
    if (known < job.ended_ms) bar(known, job.ended_ms, top, 22);
  }
  const sought = { from: view.from - EARLIER_MS, to: view.to };
  for (const [name, from, to] of ofJobs(spans(model.rows, model.rows.stage, sought), model.jobs)) {
    context.fillStyle = colours[`stage-${stageColour(name)}`];
    const [left, right] = bar(from, to, top, 22);
    if (right - left > context.measureText(name).width + 8) {
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillStyle = colours.onstage;
      context.fillText(name, (left + right) / 2, top + 11);
    }
  }
  for (const each of model.servers) {
    if (each.at_ms < view.from || each.at_ms > view.to) continue;
    const at = x.to(each.at_ms);
    const isEnd = each.what === "ended";
    context.fillStyle = isEnd ? colours.alert : colours.start;
    context.beginPath();
    if (isEnd) context.rect(at - 4, bottom - 14, 8, 8);
    else {
      context.moveTo(at - 4, bottom - 16);
      context.lineTo(at + 5, bottom - 10);
      context.lineTo(at - 4, bottom - 4);
    }
    context.fill();
  }
  return { highest: NaN, lowest: NaN };
}

function label({ context, colours }, text, y) {
  context.fillStyle = colours.faint;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(text, LEFT - 8, y);
}

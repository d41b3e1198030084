// The pure parts of the page's script, under Node: run by test_script.py.

import assert from "node:assert/strict";
import { test } from "node:test";

const from = (name) => import(new URL(`../../../tray_app/views/page/${name}`, import.meta.url));
const { appended, decode, firstAt, merged, rowAt, table, word } = await from("data.mjs");
const { followed, linear, panned, timeTicks, valueTicks, within, zoomed } = await from("scale.mjs");
const { breaksOf, extent, inside, nearest, ofJobs, peaks, sampledFrom, spans, thinned } = await from("thin.mjs");
const { duration, percent, signed, size } = await from("format.mjs");
const { sorted } = await from("table.mjs");
const { stageColour, tickLabel } = await from("chart.mjs");

const MIB = 1024 ** 2;
const plain = (values) => Array.from(values, (each) => (Number.isNaN(each) ? null : each));

/** Rows of samples at these moments, with these memories. */
function rows(at, memory, more = {}) {
  const column = Float64Array.from(memory, (each) => each ?? NaN);
  return { count: at.length, samplesFrom: 0, at: Float64Array.from(at),
    length: new Float64Array(at.length).fill(2000), least: column, mean: column, most: column,
    ...more };
}

test("a column is decoded as it was coded", () => {
  assert.deepEqual(plain(decode({ first: 8192, unit: 4096, diffs: [[2], 1, [-2], -3] })),
    [8192, 8192, 12288, null, null, 0]);
  assert.deepEqual(plain(decode({ first: 123, parts: 10, diffs: [0, 1] })), [12.3, 12.4]);
  assert.deepEqual(plain(decode({ first: 5, order: 2, diffs: [0, 2000, [2], 10] })),
    [5, 2005, 4005, 6005, 8015]);
  assert.deepEqual(plain(decode({ diffs: [] })), []);
});

const coded = (count, at) => {
  const none = { diffs: count ? [[-count]] : [] };
  const made = { count, samples_from: 0, layers: [{ name: "server", memory: none }] };
  for (const name of ["length", "least", "mean", "most", "cpu", "most_cpu", "available",
    "descriptors", "temp"]) made[name] = none;
  for (const name of ["source", "band", "level", "activity", "stage"]) {
    made[name] = { names: ["a"], index: { first: 0, diffs: count ? [[count]] : [] } };
  }
  return { ...made, at };
};

test("newer rows come after the known ones, each once", () => {
  const before = table(coded(2, { first: 10, order: 2, diffs: [0, 10] }));
  const newer = table(coded(2, { first: 20, order: 2, diffs: [0, 10] }));
  newer.stage.names[0] = "b";
  newer.layers.set("ffmpeg", Float64Array.from([1, 2]));
  const made = appended(before, newer);
  assert.deepEqual(plain(made.at), [10, 20, 30]);
  assert.deepEqual([word(made.stage, 1), word(made.stage, 2)], ["a", "b"]);
  assert.deepEqual(plain(made.layers.get("ffmpeg")), [null, null, 2]);
  assert.equal(appended(made, newer), made);
});

test("no line leads through a time that nobody watched, however short", () => {
  const watched = rows([0, 2000, 14000, 16000], [1, 1, 1, 1]);
  const view = { from: 0, to: 16000 };
  assert.deepEqual(Array.from(thinned(watched, watched, view, 8).starts),
    [1, 0, 0, 0, 0, 0, 0, 0, 0]);
  const gaps = [{ from_ms: 2000, to_ms: 14000 }, { from_ms: 20000, to_ms: 30000 }];
  watched.breaks = breaksOf(watched, gaps);
  assert.deepEqual(Array.from(watched.breaks), [0, 0, 1, 0]);
  assert.deepEqual(Array.from(thinned(watched, watched, view, 8).starts),
    [1, 0, 0, 0, 0, 0, 0, 1, 0]);
});

test("what happened is known once, the newest word counts", () => {
  const key = (each) => each.started_ms;
  assert.deepEqual(merged([{ started_ms: 2, kept: null }], [{ started_ms: 2, kept: 5 },
    { started_ms: 1 }], key), [{ started_ms: 1 }, { started_ms: 2, kept: 5 }]);
});

test("the row of a moment is the one that stands for it", () => {
  const made = rows([0, 2000, 60000], [1, 2, 3]);
  assert.equal(firstAt(made.at, 3, 2000), 1);
  assert.deepEqual([-1, 0, 1999, 2000, 9000, 40000, 60000].map((ms) => rowAt(made, ms)),
    [-1, 0, 0, 1, 1, -1, 2]);
});

test("no peak is lost where rows share a pixel", () => {
  const memory = Array.from({ length: 43200 }, (_, at) => (at === 12345 ? 9000 : 100));
  const made = rows(memory.map((_, at) => at * 2000), memory);
  const columns = thinned(made, made, { from: 0, to: 86400000 }, 800);
  const { highest, lowest, peak } = extent(columns);
  assert.deepEqual([highest, lowest], [9000, 100]);
  assert.equal(peak, Math.round((12345 * 800) / 43200));
  assert.equal(columns.starts.reduce((sum, each) => sum + each), 1);
});

test("what lies before the time in sight is no peak of it", () => {
  const made = rows([0, 2000, 100000, 102000], [9000, 9000, 1, 1]);
  const columns = thinned(made, made, { from: 90000, to: 110000 }, 100);
  assert.equal(extent(columns).highest, 1);
});

test("a gap begins a new line, and so does a time without a reading", () => {
  const made = rows([0, 2000, 60000, 62000, 64000, 66000], [1, 2, 3, null, 4, 5]);
  const { starts, high } = thinned(made, made, { from: 0, to: 66000 }, 33);
  const begins = plain(starts).flatMap((each, at) => (each ? [at] : []));
  assert.deepEqual(begins, [0, 30, 32]);
  assert.ok(Number.isNaN(high[10]));
});

test("a minute is flat up to the first sample after it", () => {
  const made = rows([0, 60000, 121000, 123000], [900, 300, 48, 50], { samplesFrom: 2 });
  made.length.fill(60000, 0, 2);
  const { high, mean, starts } = thinned(made, made, { from: 0, to: 130000 }, 130);
  assert.deepEqual([high[0], high[59], high[60], high[120], high[121], high[123]],
    [900, 900, 300, 300, 48, 50]);
  assert.deepEqual(plain(high), plain(mean));
  assert.equal(starts.reduce((sum, each) => sum + each), 1);
});

test("a minute ends where nothing follows it", () => {
  const made = rows([0, 180000, 300000], [1, 2, 3], { samplesFrom: 2 });
  made.length.fill(60000, 0, 2);
  const { high, starts } = thinned(made, made, { from: 0, to: 300000 }, 300);
  assert.deepEqual(plain(starts).flatMap((each, at) => (each ? [at] : [])), [0, 180, 300]);
  assert.deepEqual([59, 60, 179, 239, 240].map((at) => Number.isNaN(high[at])),
    [false, true, true, false, true]);
});

test("layers are those of the row with the highest sum", () => {
  const made = rows([0, 2000, 4000], [0, 0, 0]);
  assert.deepEqual([...peaks(made, Float64Array.from([5, 9, 7]), { from: 0, to: 4000 }, 1)],
    [0, 1]);
});

test("stages are spans, until the next stage or the last sample", () => {
  const stage = { names: ["", "upload", "frames"], index: Float64Array.from([0, 1, 1, 2, 0]) };
  const made = rows([0, 2000, 4000, 6000, 8000], [1, 1, 1, 1, 1]);
  assert.deepEqual(spans(made, stage, { from: 0, to: 8000 }),
    [["upload", 2000, 6000], ["frames", 6000, 8000]]);
});

test("the stages of a job end with it", () => {
  const jobs = [{ started_ms: 1000, ended_ms: 6000 }, { started_ms: 20000, ended_ms: 22000 }];
  assert.deepEqual(ofJobs([["frames", 0, 4000], ["saving", 4000, 6000], ["end", 6000, 9000],
    ["cleanup", 9000, 12000], ["upload", 20000, 30000], ["frames", 40000, 50000]], jobs),
  [["frames", 1000, 4000], ["saving", 4000, 6000], ["upload", 20000, 22000],
    ["frames", 40000, 50000]]);
});

test("stages are no longer kept before the first sample", () => {
  assert.equal(sampledFrom(rows([0, 60000, 62000], [1, 2, 3], { samplesFrom: 1 })), 60000);
  assert.equal(sampledFrom(rows([0], [1], { samplesFrom: 1 })), Infinity);
  assert.equal(sampledFrom(rows([5000], [1])), -Infinity);
});

test("hits are found by time", () => {
  assert.equal(inside([{ a: 1, b: 3 }], 4, "a", "b"), null);
  assert.deepEqual(inside([{ a: 1, b: 3 }], 3, "a", "b"), { a: 1, b: 3 });
  assert.deepEqual(nearest([{ at_ms: 1 }, { at_ms: 5 }], 4, 2), { at_ms: 5 });
  assert.equal(nearest([{ at_ms: 1 }], 4, 2), null);
});

test("a scale goes both ways", () => {
  const scale = linear(0, 100, 60, 160);
  assert.deepEqual([scale.to(50), scale.from(110)], [110, 50]);
});

test("marks of time stand at full hours and days", () => {
  const noon = new Date(2026, 10, 26, 12).getTime();
  const { step, ticks } = timeTicks(noon - 1, noon + 7 * 3600000, 8);
  assert.equal(step, 3600000);
  assert.equal(ticks[0], noon);
  const days = timeTicks(noon, noon + 5 * 86400000, 6);
  assert.deepEqual(days.ticks.map((each) => new Date(each).getHours()), [0, 0, 0, 0, 0]);
  assert.equal(tickLabel(days.ticks[0], days.step), "Fri 27 Nov");
  assert.equal(tickLabel(noon, step), "12:00");
});

test("marks of sizes are binary, others decimal", () => {
  assert.deepEqual(valueTicks(1000 * MIB, 4, true).map(size), ["0 MB", "256 MB", "512 MB", "768 MB"]);
  assert.deepEqual(valueTicks(180, 4, false), [0, 50, 100, 150]);
});

test("zoom and pan stay within what there is", () => {
  const limits = { from: 0, to: 1000 };
  assert.deepEqual(zoomed({ from: 0, to: 1000 }, 0.5, 250, limits, 10), { from: 125, to: 625 });
  assert.deepEqual(zoomed({ from: 100, to: 200 }, 100, 150, limits, 10), limits);
  assert.deepEqual(zoomed({ from: 100, to: 200 }, 0.001, 150, limits, 10), { from: 145, to: 155 });
  assert.deepEqual(panned({ from: 100, to: 200 }, Infinity, limits), { from: 900, to: 1000 });
  assert.deepEqual(within({ from: -50, to: 50 }, limits), { from: 0, to: 100 });
});

test("new rows move only who looks at the newest", () => {
  const before = { from: 0, to: 1000 };
  const after = { from: 0, to: 1010 };
  assert.deepEqual(followed({ from: 900, to: 1000 }, before, after), { from: 910, to: 1010 });
  assert.deepEqual(followed({ from: 400, to: 500 }, before, after), { from: 400, to: 500 });
  assert.deepEqual(followed({ from: 0, to: 1000 }, before, after), { from: 0, to: 1010 });
});

test("figures are written as in the menu", () => {
  assert.deepEqual([342 * MIB, 1556 * MIB, 12600 * MIB, NaN, null].map(size),
    ["342 MB", "1.52 GB", "12.3 GB", "–", "–"]);
  assert.deepEqual([8, 240, 7500, 28800, 864000].map(duration),
    ["8 s", "4 min", "2 h 5 min", "8 h", "10 days"]);
  assert.deepEqual([signed(-20 * MIB), signed(null), percent(12.6)], ["−20 MB", "–", "13 %"]);
});

test("a table is sorted by its values, unknown ones last", () => {
  const made = [[3], [null], [1]].map((values) => ({ values }));
  assert.deepEqual(sorted(made, 0, false).map((each) => each.values[0]), [1, 3, null]);
  assert.deepEqual(sorted(made, 0, true).map((each) => each.values[0]), [3, 1, null]);
});

test("a stage has one colour, a foreign one too", () => {
  assert.equal(stageColour("frames"), 4);
  assert.equal(stageColour("a new one"), stageColour("a new one"));
});

// Rows by column of pixels: the least and the most of each, so that no peak is lost.

import { firstAt, reach } from "./data.mjs";

/** Where the time of a row ends: a minute is a span, a sample a moment. */
const endOf = (rows, index) => rows.at[index] + (index < rows.samplesFrom ? rows.length[index] : 0);

/** For each row 1 where a time that nobody watched lies before it. */
export function breaksOf(rows, gaps) {
  const breaks = new Uint8Array(rows.count);
  for (const gap of gaps) {
    const index = firstAt(rows.at, rows.count, gap.to_ms - 1);
    if (index > 0 && index < rows.count && rows.at[index - 1] <= gap.from_ms + 1) breaks[index] = 1;
  }
  return breaks;
}

/** Whether nothing is known of a time between this row and the one before it. */
function isApart(rows, before, index) {
  if (rows.breaks?.[index]) return true;
  const since = rows.at[index] - endOf(rows, before);
  if (before >= rows.samplesFrom) return since > 1.5 * reach(rows, before);
  return since > (index < rows.samplesFrom ? 0 : reach(rows, index));
}

/**
 * For each pixel from 0 to `width`: least, most, and the mean of the rows' means; NaN where there is
 * none. `starts[x]` is 1 where the line does not go on from the left: a gap lies before. A minute
 * has the pixels of all its time, up to the sample that follows it: no slope leads out of it.
 */
export function thinned(rows, { least, mean, most }, view, width) {
  const low = new Float64Array(width + 1).fill(NaN);
  const high = new Float64Array(width + 1).fill(NaN);
  const sum = new Float64Array(width + 1);
  const counts = new Uint32Array(width + 1);
  const starts = new Uint8Array(width + 1);
  const scale = width / (view.to - view.from);
  const put = (x, index) => {
    if (counts[x] === 0) {
      low[x] = least[index];
      high[x] = most[index];
    } else {
      if (least[index] < low[x]) low[x] = least[index];
      if (most[index] > high[x]) high[x] = most[index];
    }
    counts[x] += 1;
    sum[x] += mean[index];
  };
  const pixel = (ms) => Math.min(Math.max(Math.round((ms - view.from) * scale), 0), width);
  let before = -1;
  let last = -1;
  const end = firstAt(rows.at, rows.count, view.to + 1);
  for (let index = Math.max(0, firstAt(rows.at, end, view.from) - 1); index < end; index++) {
    const value = most[index];
    const at = rows.at[index];
    if (value !== value) {
      before = -1;
      continue;
    }
    if (at < view.from && at + reach(rows, index) < view.from) continue;
    const x = pixel(at);
    if (before < 0 || isApart(rows, before, index)) {
      if (counts[x] === 0) starts[x] = 1;
    } else if (before < rows.samplesFrom) {
      for (let held = last + 1; held < x; held++) put(held, before);
    }
    last = index < rows.samplesFrom ? Math.max(x, pixel(endOf(rows, index)) - 1) : x;
    for (let each = x; each <= last; each++) put(each, index);
    before = index;
  }
  for (let x = 0; x <= width; x++) sum[x] = counts[x] ? sum[x] / counts[x] : NaN;
  return { low, high, mean: sum, starts };
}

/** For each pixel the row whose value is the highest there; -1 where there is none. */
export function peaks(rows, values, view, width) {
  const found = new Int32Array(width + 1).fill(-1);
  const scale = width / (view.to - view.from);
  const end = firstAt(rows.at, rows.count, view.to + 1);
  for (let index = firstAt(rows.at, end, view.from); index < end; index++) {
    if (values[index] !== values[index]) continue;
    const x = Math.round((rows.at[index] - view.from) * scale);
    if (found[x] < 0 || values[index] > values[found[x]]) found[x] = index;
  }
  return found;
}

/** The highest value in sight, and the lowest; the highest one's pixel. */
export function extent(columns) {
  let lowest = Infinity;
  let highest = -Infinity;
  let peak = -1;
  for (let x = 0; x < columns.high.length; x++) {
    if (columns.high[x] > highest) {
      highest = columns.high[x];
      peak = x;
    }
    if (columns.low[x] < lowest) lowest = columns.low[x];
  }
  return { lowest, highest, peak };
}

/** The times of equal words in a row, those without one left out: `[word, from, to]`. */
export function spans(rows, column, view) {
  const found = [];
  let open = null;
  const end = firstAt(rows.at, rows.count, view.to + 1);
  for (let index = Math.max(0, firstAt(rows.at, end, view.from) - 1); index < end; index++) {
    const number = column.index[index];
    const name = number === number ? column.names[number] : "";
    const at = rows.at[index];
    const goesOn = open !== null && at - open[2] <= reach(rows, index);
    if (open && goesOn) open[2] = at;
    if (open && (!goesOn || name !== open[0])) {
      found.push(open);
      open = null;
    }
    if (name && !open) open = [name, at, at];
  }
  if (open) found.push(open);
  return found;
}

/**
 * The spans cut to the jobs that ended. One that touches none stays: its job runs, or is not on the
 * page. One that goes on from a job that ended does not: a stage stands until another is reported.
 */
export function ofJobs(spans, jobs) {
  const found = [];
  let late = NaN;
  let first = 0;
  for (const [name, from, to] of spans) {
    while (first < jobs.length && jobs[first].ended_ms <= from) first += 1;
    let touched = null;
    for (let at = first; at < jobs.length && jobs[at].started_ms < to; at++) {
      touched = jobs[at];
      found.push([name, Math.max(from, touched.started_ms), Math.min(to, touched.ended_ms)]);
    }
    const isLate = from === late;
    if (!touched && !isLate) found.push([name, from, to]);
    late = (touched ? touched.ended_ms <= to : isLate) ? to : NaN;
  }
  return found;
}

/** From when on samples are kept: -Infinity where nothing older is, Infinity without a sample. */
export function sampledFrom(rows) {
  if (rows.samplesFrom === 0) return -Infinity;
  return rows.samplesFrom < rows.count ? rows.at[rows.samplesFrom] : Infinity;
}

/** The one of `list` that this moment lies in. */
export function inside(list, ms, from, to) {
  return list.find((each) => each[from] <= ms && ms <= each[to]) ?? null;
}

/** The one of `list` next to this moment, `most` ms away or less. */
export function nearest(list, ms, most) {
  let found = null;
  for (const each of list) {
    const distance = Math.abs(each.at_ms - ms);
    if (distance <= most && (!found || distance < Math.abs(found.at_ms - ms))) found = each;
  }
  return found;
}

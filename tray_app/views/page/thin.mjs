// Rows by column of pixels: the least and the most of each, so that no peak is lost.

import { firstAt, reach } from "./data.mjs";

/**
 * For each pixel from 0 to `width`: least, most, and the last value; NaN where there is none.
 * `starts[x]` is 1 where the line does not go on from the left: a gap lies before.
 */
export function thinned(rows, least, most, view, width) {
  const low = new Float64Array(width + 1).fill(NaN);
  const high = new Float64Array(width + 1).fill(NaN);
  const last = new Float64Array(width + 1).fill(NaN);
  const starts = new Uint8Array(width + 1);
  const scale = width / (view.to - view.from);
  const begin = Math.max(0, firstAt(rows.at, rows.count, view.from) - 1);
  let before = -1;
  for (let index = begin; index < rows.count; index++) {
    const at = rows.at[index];
    const value = most[index];
    if (value !== value) {
      before = -1;
      if (at > view.to) break;
      continue;
    }
    const isNew = before < 0 || at - rows.at[before] > reach(rows, before) * 1.5;
    const x = Math.min(Math.max(Math.round((at - view.from) * scale), 0), width);
    const below = least[index];
    if (low[x] !== low[x]) {
      low[x] = below;
      high[x] = value;
      if (isNew) starts[x] = 1;
    } else {
      if (below < low[x]) low[x] = below;
      if (value > high[x]) high[x] = value;
    }
    last[x] = value;
    before = index;
    if (at > view.to) break;
  }
  return { low, high, last, starts };
}

/** The highest value in sight, and the lowest. */
export function extent(columns) {
  let lowest = Infinity;
  let highest = -Infinity;
  for (let x = 0; x < columns.high.length; x++) {
    if (columns.high[x] > highest) highest = columns.high[x];
    if (columns.low[x] < lowest) lowest = columns.low[x];
  }
  return { lowest, highest };
}

/** The times of equal words in a row, those without one left out: `[word, from, to]`. */
export function spans(rows, column, view) {
  const found = [];
  let open = null;
  const begin = Math.max(0, firstAt(rows.at, rows.count, view.from) - 1);
  for (let index = begin; index < rows.count && rows.at[index] <= view.to; index++) {
    const number = column.index[index];
    const name = number === number ? column.names[number] : "";
    const at = rows.at[index];
    if (open && (name !== open[0] || at - open[2] > reach(rows, index))) {
      if (name !== open[0] && at - open[2] <= reach(rows, index)) open[2] = at;
      found.push(open);
      open = null;
    }
    if (!name) continue;
    if (open) open[2] = at;
    else open = [name, at, at];
  }
  if (open) found.push([open[0], open[1], open[2] + 1000]);
  return found;
}

// The page's columns: decoded from JSON, kept in arrays that grow, and looked up by time.

/** The values of a coded column (core/history/columns.py); NaN is unknown. */
export function decode(column) {
  const { diffs, first = 0, unit = 1, parts = 1, order = 1 } = column;
  let count = 0;
  for (const entry of diffs) count += typeof entry === "number" ? 1 : Math.abs(entry[0]);
  const values = new Float64Array(count);
  let at = 0;
  let total = first;
  let step = 0;
  for (const entry of diffs) {
    if (typeof entry === "number") {
      step = order === 2 ? step + entry : entry;
      total += step * unit;
      values[at++] = total / parts;
    } else if (entry[0] < 0) {
      values.fill(NaN, at, at - entry[0]);
      at -= entry[0];
    } else {
      for (let left = entry[0]; left > 0; left--) {
        if (order === 1) step = 0;
        total += step * unit;
        values[at++] = total / parts;
      }
    }
  }
  return values;
}

const FIGURES = [
  ["at", "at"], ["length", "length"], ["least", "least"], ["mean", "mean"], ["most", "most"],
  ["cpu", "cpu"], ["mostCpu", "most_cpu"], ["available", "available"],
  ["descriptors", "descriptors"], ["temp", "temp"],
];
const WORDS = ["source", "band", "level", "activity", "stage"];

/** The rows as arrays by name. `layers` begin at `samplesFrom`; elsewhere they are unknown. */
export function table(rows) {
  const made = { count: rows.count, samplesFrom: rows.samples_from, layers: new Map() };
  for (const [name, key] of FIGURES) made[name] = decode(rows[key]);
  for (const name of WORDS) {
    made[name] = { names: rows[name].names.slice(), index: decode(rows[name].index) };
  }
  for (const { name, memory } of rows.layers) {
    const values = new Float64Array(rows.count).fill(NaN);
    values.set(decode(memory), rows.samples_from);
    made.layers.set(name, values);
  }
  return made;
}

/** `before` with the rows of `newer` that come after its last one. */
export function appended(before, newer) {
  const last = before.count ? before.at[before.count - 1] : -Infinity;
  let from = 0;
  while (from < newer.count && newer.at[from] <= last) from += 1;
  if (from === newer.count) return before;
  const count = before.count + newer.count - from;
  const made = { count, samplesFrom: before.samplesFrom, layers: new Map() };
  if (!before.count) made.samplesFrom = newer.samplesFrom;
  for (const [name] of FIGURES) made[name] = joined(before[name], newer[name], from, before.count);
  for (const name of WORDS) {
    const names = before[name].names.slice();
    const number = newer[name].names.map((word) => {
      if (!names.includes(word)) names.push(word);
      return names.indexOf(word);
    });
    const index = newer[name].index.map((value) => (Number.isNaN(value) ? NaN : number[value]));
    made[name] = { names, index: joined(before[name].index, index, from, before.count) };
  }
  for (const name of new Set([...before.layers.keys(), ...newer.layers.keys()])) {
    const old = before.layers.get(name) ?? new Float64Array(before.count).fill(NaN);
    const fresh = newer.layers.get(name) ?? new Float64Array(newer.count).fill(NaN);
    made.layers.set(name, joined(old, fresh, from, before.count));
  }
  return made;
}

function joined(before, newer, from, count) {
  const values = new Float64Array(count + newer.length - from);
  values.set(before.subarray(0, count));
  values.set(newer.subarray(from), count);
  return values;
}

/** Both lists by time, one entry for each key; that of `newer` counts. */
export function merged(before, newer, key) {
  const byKey = new Map(before.map((each) => [key(each), each]));
  for (const each of newer) byKey.set(key(each), each);
  return [...byKey.values()].sort((one, other) => start(one) - start(other));
}

const start = (each) => each.at_ms ?? each.started_ms ?? each.from_ms;

/** The first index whose moment is `ms` or later. */
export function firstAt(at, count, ms) {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The row that stands for this moment; -1: nobody watched, or before the first row. */
export function rowAt(rows, ms) {
  const index = firstAt(rows.at, rows.count, ms + 1) - 1;
  if (index < 0) return -1;
  return ms - rows.at[index] <= reach(rows, index) ? index : -1;
}

/** How long a row stands for, at most, in ms: a sample may be late, a minute is a minute. */
export function reach(rows, index) {
  return index < rows.samplesFrom ? rows.length[index] : Math.max(10000, 3 * rows.length[index]);
}

/** The word of a row; empty where there is none. */
export function word(column, index) {
  const number = column.index[index];
  return Number.isNaN(number) ? "" : column.names[number];
}

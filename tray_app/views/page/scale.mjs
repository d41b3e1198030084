// Where a value lies, and where the marks of an axis stand.

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  1000, 2000, 5000, 10000, 15000, 30000,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 60 * DAY, 90 * DAY, 180 * DAY, 365 * DAY,
];

/** A linear scale: `to(value)` in pixels, `from(pixel)` back. */
export function linear(low, high, first, last) {
  const part = (last - first) / (high - low || 1);
  return { low, high, to: (value) => first + (value - low) * part,
    from: (pixel) => low + (pixel - first) / part };
}

/** The moments of an axis, at full hours or days of the local time: at most `most`. */
export function timeTicks(from, to, most) {
  const step = STEPS.find((each) => (to - from) / each <= most) ?? STEPS.at(-1);
  const ticks = [];
  if (step < DAY) {
    // By local time: noon is a multiple of 6 h in every zone, also where summer time begins.
    const midnight = new Date(from).setHours(0, 0, 0, 0);
    for (let at = midnight; at <= to; at += step) if (at >= from) ticks.push(at);
  } else {
    const at = new Date(from);
    at.setHours(0, 0, 0, 0);
    while (at.getTime() <= to) {
      if (at.getTime() >= from) ticks.push(at.getTime());
      at.setDate(at.getDate() + step / DAY);
    }
  }
  return { step, ticks };
}

/** Round values from 0 on; binary for bytes: 512 MB, 1 GB. */
export function valueTicks(high, most, binary) {
  const least = high / most;
  const power = binary ? 2 ** Math.floor(Math.log2(least)) : 10 ** Math.floor(Math.log10(least));
  const step = (binary ? [1, 2] : [1, 2, 5, 10]).map((each) => each * power)
    .find((each) => each >= least) ?? power * (binary ? 2 : 10);
  const ticks = [];
  for (let value = 0; value <= high * 1.0001; value += step) ticks.push(value);
  return ticks;
}

/** The span after a zoom by `factor` around `at`: within the limits, no shorter than `least`. */
export function zoomed(view, factor, at, limits, least) {
  const width = Math.min(Math.max((view.to - view.from) * factor, least),
    limits.to - limits.from);
  const share = (at - view.from) / (view.to - view.from);
  return within({ from: at - share * width, to: at + (1 - share) * width }, limits);
}

/** The span moved by `ms`, infinity included. */
export function panned(view, ms, limits) {
  const most = limits.to - limits.from;
  ms = Math.min(Math.max(ms, -most), most);
  return within({ from: view.from + ms, to: view.to + ms }, limits);
}

/** The span pushed into the limits; its width stays where it can. */
export function within(view, limits) {
  const width = Math.min(view.to - view.from, limits.to - limits.from);
  const from = Math.min(Math.max(view.from, limits.from), limits.to - width);
  return { from, to: from + width };
}

/** What the page shows after new rows: who looks at the newest goes on to do so, others stay. */
export function followed(view, before, after) {
  const isNewest = view.to >= before.to - 1;
  if (!isNewest) return view;
  const width = view.to - view.from;
  const isAll = view.from <= before.from;
  return { from: isAll ? after.from : after.to - width, to: after.to };
}

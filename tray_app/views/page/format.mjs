// Figures in words, as core/presentation/format.py writes them.

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export const UNKNOWN = "–";

/** Why nobody watched, by the export's words. */
export const UNWATCHED = { off: "monitor off", paused: "monitor paused", asleep: "machine asleep" };

/** `342 MB`, `1.52 GB`, `12.3 GB`. */
export function size(bytes) {
  if (bytes === null || Number.isNaN(bytes)) return UNKNOWN;
  if (bytes < 0.9995 * GIB) return `${(bytes / MIB).toFixed(0)} MB`;
  const gigabytes = bytes / GIB;
  return `${gigabytes.toFixed(gigabytes < 9.995 ? 2 : 1)} GB`;
}

/** `+120 MB`, `−20 MB`. */
export function signed(bytes) {
  return bytes === null ? UNKNOWN : `${bytes < 0 ? "−" : "+"}${size(Math.abs(bytes))}`;
}

/** `8 s`, `4 min`, `2 h 5 min`, `8 h`; days from two on. */
export function duration(seconds) {
  if (seconds < 100) return `${seconds.toFixed(0)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}

export function percent(value) {
  return Number.isNaN(value) ? UNKNOWN : `${value.toFixed(0)} %`;
}

export function count(value) {
  return Number.isNaN(value) ? UNKNOWN : String(Math.round(value));
}

/** A figure and its unit stay on one line. */
export function bound(text) {
  return text.replace(/(\d) (MB|GB|min|h|s|%)(?![\p{L}\d])/gu, "$1\u00a0$2");
}

const two = (number) => String(number).padStart(2, "0");

/** `14:02:07` in the time of the browser's machine. */
export function clock(ms, seconds = true) {
  const at = new Date(ms);
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return seconds ? `${minutes}:${two(at.getSeconds())}` : minutes;
}

/** `Thu 26 Nov`. */
export function day(ms) {
  const at = new Date(ms);
  return `${DAYS[at.getDay()]} ${at.getDate()} ${MONTHS[at.getMonth()]}`;
}

/** `Thu 26 Nov 2026, 14:02:07`. */
export function moment(ms) {
  return `${day(ms)} ${new Date(ms).getFullYear()}, ${clock(ms)}`;
}

// Tables of jobs and alerts: made from the data, sorted by a click on a heading.

/** The rows in the order of a column's values; unknown ones come last either way. */
export function sorted(rows, column, descending) {
  const sign = descending ? -1 : 1;
  return rows.slice().sort((one, other) => {
    const [a, b] = [one.values[column], other.values[column]];
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    return (a < b ? -1 : 1) * sign;
  });
}

const FIRST = 100;

/** Fills `section` with a table. A row is `{values, cells, click}`; values sort, cells show. */
export class SortedTable {
  constructor(section, heads, nothing, column = 0, descending = true) {
    this.section = section;
    this.heads = heads;
    this.nothing = nothing;
    this.column = column;
    this.descending = descending;
    this.rows = [];
    this.all = false;
    const old = section.querySelector(".wide, p:not(.older)");
    this.place = document.createElement("div");
    if (old) old.replaceWith(this.place);
    else section.append(this.place);
    this.place.className = "wide";
  }

  /** Other rows. Who is at a heading, or at a row's button, stays there. */
  show(rows) {
    this.rows = rows;
    const at = document.activeElement;
    const isHere = this.place.contains(at);
    const column = isHere ? at.closest("th")?.cellIndex ?? -1 : -1;
    const row = isHere && column < 0 ? at.textContent : "";
    this.draw(column);
    if (row) [...this.place.querySelectorAll("button")].find((each) => each.textContent === row)?.focus();
  }

  draw(focused = -1) {
    if (!this.rows.length) {
      const text = document.createElement("p");
      text.textContent = this.nothing;
      this.place.replaceChildren(text);
      return;
    }
    const made = document.createElement("table");
    const head = made.createTHead().insertRow();
    this.heads.forEach((name, column) => head.append(this.heading(name, column)));
    const body = made.createTBody();
    const shown = this.all ? this.rows.length : FIRST;
    for (const row of sorted(this.rows, this.column, this.descending).slice(0, shown)) {
      const line = body.insertRow();
      row.cells.forEach((text, column) => {
        const cell = line.insertCell();
        if (column === 0 && row.click) {
          const button = document.createElement("button");
          button.textContent = text;
          button.title = "Show this time in the charts";
          button.addEventListener("click", row.click);
          cell.append(button);
        } else cell.textContent = text;
      });
    }
    this.place.replaceChildren(made, ...this.rest(shown));
    if (focused >= 0) made.tHead.rows[0].cells[focused].firstChild.focus();
  }

  /** The button that shows the other rows, where there are some. */
  rest(shown) {
    if (this.rows.length <= shown) return [];
    const button = document.createElement("button");
    button.textContent = `Show all ${this.rows.length}`;
    button.addEventListener("click", () => {
      this.all = true;
      this.draw(this.column);
    });
    return [button];
  }

  heading(name, column) {
    const cell = document.createElement("th");
    cell.scope = "col";
    const button = document.createElement("button");
    button.textContent = name;
    if (column === this.column) {
      cell.setAttribute("aria-sort", this.descending ? "descending" : "ascending");
    }
    button.addEventListener("click", () => {
      this.descending = column === this.column ? !this.descending : column === 0;
      this.column = column;
      this.draw(column);
    });
    cell.append(button);
    return cell;
  }
}

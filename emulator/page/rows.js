import { onPress, setText } from "./dom.js";

/**
 * @typedef {object} Action A button of a row.
 * @property {string} label what is written on it
 * @property {string} about what it acts on, for those who hear the button alone
 * @property {boolean} [isDangerous] whether it breaks or loses something
 * @property {() => unknown} run
 */

/**
 * @typedef {object} Cell Text, or buttons.
 * @property {string} [text]
 * @property {"code" | "good" | "bad"} [look]
 * @property {readonly Action[]} [actions]
 */

/** What each button does: a row is kept while what its buttons mean changes. */
const runs = new WeakMap();

/**
 * Shows one row for each item. Rows and buttons that are there already are kept, so that they keep the focus. Text from
 * outside never becomes markup.
 * @param {HTMLTableElement} table
 * @param {readonly { key: string, cells: readonly Cell[] }[]} rows
 */
export function showRows(table, rows) {
  const [body] = table.tBodies;
  if (body === undefined) return;
  const kept = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const keys = new Set(rows.map(({ key }) => key));
  for (const [key, row] of kept) if (key === undefined || !keys.has(key)) row.remove();
  for (const [index, { key, cells }] of rows.entries()) {
    const row = kept.get(key) ?? newRow(table, key, cells.length);
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    for (const [column, cell] of cells.entries()) showCell(row.cells[column], cell);
  }
  if (rows.length === 0) showEmpty(table, body);
}

/** @param {HTMLTableElement} table @param {string} key @param {number} columns */
function newRow(table, key, columns) {
  const row = document.createElement("tr");
  row.dataset.key = key;
  for (let column = 0; column < columns; column++) {
    // The first cell names the row.
    const cell = document.createElement(column === 0 ? "th" : "td");
    if (column === 0) cell.scope = "row";
    // Narrow screens show the column's name in front of each value.
    cell.dataset.column = table.tHead?.rows[0]?.cells[column]?.textContent ?? "";
    row.append(cell);
  }
  return row;
}

/** @param {HTMLTableCellElement | undefined} element @param {Cell} cell */
function showCell(element, { text = "", look, actions }) {
  if (element === undefined) return;
  if (actions !== undefined) {
    showActions(element, actions);
    return;
  }
  const [content = element.appendChild(document.createElement("span"))] = element.children;
  setText(content, text);
  content.className = look ?? "";
}

/** @param {HTMLElement} cell @param {readonly Action[]} actions */
function showActions(cell, actions) {
  while (cell.children.length > actions.length) cell.lastElementChild?.remove();
  for (const [index, { label, about, isDangerous = false, run }] of actions.entries()) {
    const button = cell.children[index] ?? newButton(cell);
    button.classList.toggle("danger", isDangerous);
    setText(button, label);
    button.setAttribute("aria-label", `${label}: ${about}`);
    runs.set(button, run);
  }
}

/** @param {HTMLElement} cell */
function newButton(cell) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  onPress(button, () => runs.get(button)?.());
  cell.append(button);
  return button;
}

/** @param {HTMLTableElement} table @param {HTMLTableSectionElement} body */
function showEmpty(table, body) {
  const cell = body.insertRow().insertCell();
  cell.colSpan = table.tHead?.rows[0]?.cells.length ?? 1;
  cell.className = "empty";
  cell.textContent = table.dataset.empty ?? "";
}

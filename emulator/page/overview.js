import { element, setText } from "./dom.js";
import { showRows } from "./rows.js";

/** @typedef {import("../src/control/overview.js").Overview} Overview */

/**
 * @callback Act Sends a request, and says how it went.
 * @param {string} done said when it succeeds
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<boolean>} whether it succeeded
 */

/** @param {Overview} overview @param {Act} act */
export function showOverview({ applicationId, connectors, grants, mail, faults, requests }, act) {
  setText(element("application", HTMLElement), applicationId);
  showRows(
    element("grants", HTMLTableElement),
    grants.map((grant) => grantRow(grant, act)),
  );
  showRows(element("connectors", HTMLTableElement), connectors.map(connectorRow));
  element("connect", HTMLElement).hidden = connectors.some(({ provider }) => provider === "imap");
  showRows(
    element("faults", HTMLTableElement),
    faults.map((fault, index) => faultRow(fault, index, () => rulesOf(faults).toSpliced(index, 1), act)),
  );
  showRows(element("requests", HTMLTableElement), requests.map(requestRow));
  for (const part of document.querySelectorAll("[data-needs=mail]")) part.toggleAttribute("hidden", mail === undefined);
  if (mail !== undefined) showMail(mail);
}

/**
 * The rules as they can be sent again.
 * @param {Overview["faults"]} faults
 */
export function rulesOf(faults) {
  return faults.map(({ matched: _matched, fired: _fired, ...rule }) => rule);
}

/** @param {Overview["grants"][number]} grant @param {Act} act */
function grantRow({ id, email, grant_status: status, blocked }, act) {
  /** @param {string} done @param {unknown} change */
  const change = (done, change) => {
    act(`The grant of ${email} is ${done}.`, "PATCH", `/_emulator/grants/${encodeURIComponent(id)}`, change);
  };
  const expiry =
    status === "valid"
      ? { label: "Expire", run: () => change("invalid", { grant_status: "invalid" }) }
      : { label: "Make valid", run: () => change("valid", { grant_status: "valid" }) };
  const block = blocked
    ? { label: "Unblock", run: () => change("not blocked any more", { blocked: false }) }
    : { label: "Block", run: () => change("blocked", { blocked: true }) };
  return {
    key: id,
    cells: [
      { text: email },
      { text: status, look: status === "valid" ? GOOD : BAD },
      { text: blocked ? "yes" : "no", ...(blocked ? { look: BAD } : {}) },
      { text: id, look: CODE },
      { actions: [expiry, block].map((action) => ({ ...action, about: email })) },
    ],
  };
}

const GOOD = /** @type {const} */ ("good");
const BAD = /** @type {const} */ ("bad");
const CODE = /** @type {const} */ ("code");

/** @param {Overview["connectors"][number]} connector */
function connectorRow({ provider, name = "" }) {
  return { key: provider, cells: [{ text: provider }, { text: name }] };
}

/**
 * @param {Overview["faults"][number]} fault
 * @param {number} index
 * @param {() => unknown} others the rules without this one
 * @param {Act} act
 */
function faultRow({ matched, fired, method = "Any", path = "/v3/*", ...rest }, index, others, act) {
  const requests = `${method} ${path}`;
  const run = () => {
    act("The fault is removed.", "PUT", "/_emulator/faults", others());
  };
  return {
    key: String(index),
    cells: [
      { text: requests, look: CODE },
      { text: Object.entries(rest).map(inWords).join(", ") },
      { text: `${fired} of ${matched}` },
      { actions: [{ label: "Remove", about: requests, run }] },
    ],
  };
}

/** @param {[string, unknown]} field */
function inWords([name, value]) {
  return value === true ? name : `${name} ${value}`;
}

/** @param {Overview["requests"][number]} request @param {number} index */
function requestRow({ time, method, path, query, status, durationMs }, index) {
  const search = String(new URLSearchParams(query));
  return {
    key: String(index),
    cells: [
      { text: new Date(time).toLocaleTimeString([], { hour12: false }) },
      { text: method, look: CODE },
      { text: search === "" ? path : `${path}?${search}`, look: CODE },
      { text: status === 0 ? "no answer" : String(status), look: status >= 200 && status < 400 ? GOOD : BAD },
      { text: `${durationMs} ms` },
    ],
  };
}

/** @param {NonNullable<Overview["mail"]>} mail */
function showMail({ imap, smtp, mailboxes }) {
  showRows(
    element("mailboxes", HTMLTableElement),
    mailboxes.map(({ username, messages }) => {
      return { key: username, cells: [{ text: username }, { text: String(messages) }] };
    }),
  );
  const servers = `IMAP at ${imap.host}, port ${imap.port}; SMTP at ${smtp.host}, port ${smtp.port}; both over TLS.`;
  setText(element("servers", HTMLElement), servers);
  const choice = element("changed-mailbox", HTMLSelectElement);
  const names = mailboxes.map(({ username }) => username);
  // An open list that is filled anew would close.
  if ([...choice.options].map(({ value }) => value).join("\n") === names.join("\n")) return;
  const chosen = choice.value;
  choice.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
}

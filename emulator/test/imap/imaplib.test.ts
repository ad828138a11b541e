import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestEmulator } from "../../../tools/harness/test-emulator.js";
import { until } from "../../../tools/harness/until.js";

const CLIENT = join(import.meta.dirname, "imaplib_client.py");
/** How long a condition may take, in milliseconds. */
const PATIENCE_MS = 10_000;

/** In the order of arrival. */
const MESSAGES = [
  { subject: "First", text: "one line", date: new Date("2026-02-01T23:30:00Z") },
  {
    subject: "Grüße aus Köln",
    cc: "copy@example.test",
    text: "plain",
    html: "<p>plain</p>",
    attachments: [{ filename: "a.txt", content: "attached" }],
    date: new Date("2026-03-05T12:00:00Z"),
  },
  { subject: "Third", text: "x".repeat(5_000), headers: { "X-Kind": "alarm" }, date: new Date("2026-03-06T12:00:00Z") },
];

/** What each search finds. */
const SEARCHES: readonly [string, unknown][] = [
  ["ALL", [1, 2, 3]],
  ["UNSEEN", [1, 2, 3]],
  ["SEEN", []],
  ["UNANSWERED UNDELETED UNDRAFT UNFLAGGED", [1, 2, 3]],
  ["NEW", []],
  ["RECENT", []],
  ["OLD", [1, 2, 3]],
  ["UNKEYWORD $Junk", [1, 2, 3]],
  ["KEYWORD $Junk", []],
  ["FLAGGED", []],
  ["2:*", [2, 3]],
  ["UID 1:2", [1, 2]],
  ["SINCE 1-Jan-2020", [1, 2, 3]],
  ["BEFORE 01-Jan-2020", []],
  ["SENTON 1-Feb-2026", [1]],
  ["SENTSINCE 5-Mar-2026 SENTBEFORE 6-Mar-2026", [2]],
  ['SUBJECT "third"', [3]],
  ['FROM "SENDER@"', [1, 2, 3]],
  ["CC copy", [2]],
  ["HEADER X-Kind ALARM", [3]],
  ['HEADER X-Kind ""', [3]],
  ["LARGER 4000", [3]],
  ["SMALLER 4000", [1, 2]],
  ["NOT SUBJECT First", [2, 3]],
  ["OR SUBJECT First (SENTON 5-Mar-2026 CC copy)", [1, 2]],
  ["TEXT plain", "NO"],
  ["SINCE yesterday", expect.stringContaining("Expected a date")],
  ["NONSENSE", expect.stringContaining("Unknown search key")],
  ["OR ALL", expect.stringContaining("Expected another argument")],
];

let emulator: TestEmulator;

const hasPython = (() => {
  try {
    execFileSync("python3", ["-c", "import imaplib, ssl"]);
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasPython)("Python's imaplib at the embedded server [needs python3]", () => {
  let read: Record<string, unknown>;

  beforeAll(async () => {
    emulator = await TestEmulator.start();
    await deliver();
    read = await runClient();
  });

  afterAll(() => emulator?.close());

  it("opens INBOX as it does by default, and read-only", () => {
    expect(read).toMatchObject({ selected: ["OK", "3"], examined: "OK" });
    expect(read.folders).toContain('(\\HasNoChildren) "/" "INBOX"');
  });

  it.each(SEARCHES)("searches %s", (search, expected) => {
    expect(read.found).toMatchObject({ [search]: expected });
  });

  it("searches decoded subjects, and by UID", () => {
    expect(read.found).toMatchObject({ literal: [2] });
    expect(read.by_uid).toBe("1 2 3");
  });

  it("sees the structure of a multipart, and reads its parts", () => {
    const text = String(read.structure).replace(/--_NmP[^"]*/g, "boundary");
    expect(text).toMatchInlineSnapshot(
      `"2 (BODY ((("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 5 0)("text" "html" ("charset" "utf-8") NIL NIL "7bit" 12 0) "alternative")("text" "plain" ("charset" "us-ascii" "name" "a.txt") NIL NIL "base64" 12 0) "mixed") BODYSTRUCTURE ((("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 5 0 NIL NIL NIL NIL)("text" "html" ("charset" "utf-8") NIL NIL "7bit" 12 0 NIL NIL NIL NIL) "alternative" ("boundary" "boundary") NIL NIL NIL)("text" "plain" ("charset" "us-ascii" "name" "a.txt") NIL NIL "base64" 12 0 NIL ("attachment" ("filename" "a.txt")) NIL NIL) "mixed" ("boundary" "boundary") NIL NIL NIL))"`,
    );
    expect(read.sections).toEqual([
      expect.stringMatching(/BODY\[1\] \{\d+\}\|----_NmP/),
      expect.stringMatching(/BODY\[2\.MIME\] \{\d+\}\|Content-Type: text\/plain; name=a\.txt\r\n/),
    ]);
    expect(read.parts).toEqual(["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/plain"]);
  });
});

async function deliver(): Promise<void> {
  const { username, password } = emulator.user(1);
  const transport = createTransport({
    ...emulator.smtp,
    secure: true,
    auth: { user: username, pass: password },
    tls: { ca: emulator.emulator.ca },
  });
  for (const message of MESSAGES) {
    await transport.sendMail({ from: "Sender <sender@example.test>", to: emulator.user(0).username, ...message });
  }
  transport.close();
  await until("the messages are there", PATIENCE_MS, async () => {
    const { mail }: { mail: { mailboxes: { messages: number }[] } } = await emulator.call("GET", "/_emulator/overview");
    return mail.mailboxes[0]?.messages === MESSAGES.length;
  });
}

function runClient(): Promise<Record<string, unknown>> {
  const { username, password } = emulator.user(0);
  const { host, port } = emulator.imap;
  const searches = SEARCHES.map(([search]) => search.split(" "));
  const input = JSON.stringify([host, port, username, password, emulator.emulator.ca, ...searches]);
  return new Promise((resolve, reject) => {
    const child = execFile("python3", [CLIENT], (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout));
      else reject(new Error(stderr));
    });
    child.stdin?.end(input);
  });
}

import { describe, expect, it } from "vitest";
import { bodySection, parseSection } from "../../../emulator/src/mail-server/imap/body-section.js";
import { bodyStructure } from "../../../emulator/src/mail-server/imap/format.js";

/** Longest time for one message, in milliseconds. Work that grows with the square of its size takes far longer. */
const HANG_MS = 5_000;
const MESSAGE_BYTES = 1_000_000;

function lines(...text: string[]): Buffer {
  return Buffer.from(text.join("\r\n"));
}

const forwarded = lines(
  "Content-Type: multipart/mixed; boundary=outer",
  "",
  "This is the preamble, --outer included.",
  "--outer  ",
  "",
  "No header.",
  "--outer",
  "Content-Type: message/rfc822",
  "",
  "Subject: inner",
  'Content-Type: multipart/alternative; boundary="outer-inner"',
  "",
  "--outer-inner",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "two",
  "lines",
  "--outer-inner--",
  "",
  "--outer--",
  "The epilogue.",
);

function section(raw: Buffer, name: string): string {
  const parsed = parseSection(`BODY[${name}]`);
  if (parsed === undefined) throw new Error(`${name} is no section`);
  return bodySection(raw, parsed)
    .toString("latin1")
    .replace(/^BODY\[.*?\] (?:\{\d+\}\r\n)?/, "");
}

describe("a multipart message", () => {
  it("has the structure of its parts, and of a message within it", () => {
    expect(bodyStructure(forwarded, { extended: false })).toBe(
      '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0)' +
        '("message" "rfc822" NIL NIL NIL "7bit" 166 ' +
        '(NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
        '(("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 1) "alternative") 9) "mixed")',
    );
  });

  it.each([
    ["1", "No header."],
    ["1.MIME", "\r\n"],
    ["2.MIME", "Content-Type: message/rfc822\r\n\r\n"],
    ["2.HEADER.FIELDS (SUBJECT)", "Subject: inner\r\n\r\n"],
    ["2.1", "two\r\nlines"],
    ["2.1.MIME", "Content-Type: text/plain; charset=utf-8\r\n\r\n"],
    ["3", "NIL"],
    ["1.1", "NIL"],
    ["2.1.1", "NIL"],
    ["1.HEADER", "NIL"],
  ])("has section %s", (name, expected) => {
    expect(section(forwarded, name)).toBe(expected);
  });

  it.each([
    ["no boundary", lines("Content-Type: multipart/mixed", "", "text")],
    ["no delimiter", lines("Content-Type: multipart/mixed; boundary=x", "", "text")],
    ["the end only", lines("Content-Type: multipart/mixed; boundary=x", "", "--x--")],
  ])("with %s is one part of unknown content", (_, raw) => {
    expect(bodyStructure(raw, { extended: false })).toMatch(/^\("application" "octet-stream" .*\)$/);
    expect(section(raw, "1")).toBe(section(raw, "TEXT"));
  });

  it.each([
    ["delimiters", "--x\r\n"],
    ["delimiters of other line ends", "\n--x"],
    ["what is almost a delimiter", "\r\n--xx"],
    ["nested multiparts", "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"],
  ])(
    "of many %s takes no longer than others",
    (_, repeated) => {
      const body = repeated.repeat(MESSAGE_BYTES / repeated.length);
      const raw = Buffer.from(`Content-Type: multipart/mixed; boundary=x\r\n\r\n${body}`);
      expect(bodyStructure(raw, { extended: true }).length).toBeGreaterThan(0);
    },
    HANG_MS,
  );
});

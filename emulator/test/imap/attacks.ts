import * as fc from "fast-check";
import { rubbish } from "./grammar.js";
import { HEALTHY, VICTIM } from "./target-process.js";

/** How the client connects. */
type Transport =
  | "tls"
  | "plain"
  | "starttls"
  /** TLS on the plain-text port, and plain text on the TLS port. */
  | "tls-to-plain"
  | "plain-to-tls";

/** How the client disconnects. */
type Leave = "logout" | "half-close" | "close" | "reset";

type Step =
  | { kind: "command"; text: string }
  | { kind: "login"; form: "atom" | "quoted" | "literal" | "literal+"; password: string }
  | { kind: "authenticate"; initial: boolean; response: string }
  | { kind: "raw"; hex: string }
  | { kind: "many"; text: string; times: number };

/** One connection. */
export interface Attack {
  transport: Transport;
  steps: Step[];
  /** Bytes after STARTTLS in the same packet. */
  injected: Step[];
  /** Packet sizes, used in turn; if empty, everything is sent at once. */
  packets: number[];
  leave: Leave;
}

/** Bytes to send, and the tags of the commands that the server must answer. */
export interface Spoken {
  bytes: Buffer;
  tags: string[];
}

/** All passwords sent, right and wrong. */
export const sentPasswords = new Set<string>([VICTIM.password, HEALTHY.password]);

const COMMANDS = [
  "NOOP",
  "CAPABILITY",
  "ID NIL",
  'ID ("name" "fire")',
  "NAMESPACE",
  'LIST "" "*"',
  'LSUB "" "%"',
  `LIST "" "${"*a%".repeat(80)}"`,
  'LIST "" {1+}\r\n*',
  "STATUS INBOX (MESSAGES UIDNEXT)",
  "SELECT INBOX",
  "EXAMINE inbox",
  "SELECT {5+}\r\nINBOX",
  "SELECT {5}\r\nINBOX",
  'SELECT "nowhere"',
  "SELECT &AGE-&-&!!",
  "CHECK",
  "CLOSE",
  "UNSELECT",
  "FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE INTERNALDATE)",
  "FETCH 1:* BODY[]",
  "FETCH 1 (BODY.PEEK[HEADER.FIELDS (TO CC)]<0.9>)",
  "FETCH 4294967295:* FULL",
  "FETCH 0 ALL",
  "FETCH x ALL",
  `FETCH ${"1,".repeat(3000)}1 (UID)`,
  `FETCH 1 (${"BODY[] ".repeat(100)})`,
  "UID FETCH 1:* (FLAGS)",
  "UID SEARCH UID 1:*",
  "SEARCH ALL",
  `SEARCH ${"1:* ".repeat(100)}`,
  "SEARCH CHARSET UTF-8 TEXT x",
  "IDLE",
  "UID",
  "UID NOOP",
  "APPEND INBOX {3+}\r\nabc",
  "STORE 1 +FLAGS (\\Deleted)",
  "EXPUNGE",
  "DELETE INBOX",
  "CREATE x",
  "RENAME INBOX x",
  "COPY 1 Trash",
  "__proto__",
  "constructor x",
] as const;

const password = fc.oneof(
  fc.constant<string>(VICTIM.password),
  fc.stringMatching(/^[a-z0-9]{12}$/).map((random) => `Kn0ck-${random}`),
);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const response = fc.oneof(
  password.map((secret) => base64(`\0${VICTIM.username}\0${secret}`)),
  password.map((secret) => `${base64(`\0${VICTIM.username}\0${secret}`)}!`),
  password.map((secret) => base64(secret)),
  password.map((secret) => base64(`\0\0\0${secret}\0`)),
  fc.constantFrom("*", "=", "====", "*\0", "\u00ff\u00fe", base64("\0"), "A".repeat(6_000)),
);

const command = fc.constantFrom(...COMMANDS).map((text): Step => ({ kind: "command", text }));
const login = fc
  .record({
    form: fc.constantFrom("atom" as const, "quoted" as const, "literal" as const, "literal+" as const),
    password,
  })
  .map((given): Step => ({ kind: "login", ...given }));
const authenticate = fc
  .record({ initial: fc.boolean(), response })
  .map((given): Step => ({ kind: "authenticate", ...given }));
const raw = fc
  .oneof(
    rubbish,
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom("DONE\r\n", "\r\n", "x", "x LOGIN {100+}\r\nab", "x LOGIN {100}\r\nab", 'x LOGIN "', "+ \r\n")
      .map((text) => Buffer.from(text)),
  )
  .map((bytes): Step => ({ kind: "raw", hex: bytes.toString("hex") }));
const many = fc
  .record({
    text: fc.constantFrom("a", " ", "(", '"', "x NOOP\r\n", "\0", "\u00ff", "x {0+}\r\n", "x LOGIN {4096+}\r\n"),
    times: fc.integer({ min: 1, max: 20_000 }),
  })
  .map((given): Step => ({ kind: "many", ...given }));

const rightLogin = fc.constant<Step>({ kind: "login", form: "quoted", password: VICTIM.password });
const orderly = fc
  .tuple(
    fc.array(rightLogin, { maxLength: 1 }),
    fc.array(
      fc.oneof(
        { arbitrary: command, weight: 6 },
        { arbitrary: login, weight: 1 },
        { arbitrary: authenticate, weight: 2 },
      ),
      { maxLength: 12 },
    ),
  )
  .map(([first, rest]) => [...first, ...rest]);
const wild = fc
  .tuple(
    fc.array(rightLogin, { maxLength: 1 }),
    fc.array(
      fc.oneof(
        { arbitrary: command, weight: 3 },
        { arbitrary: fc.constant<Step>({ kind: "command", text: "STARTTLS" }), weight: 1 },
        { arbitrary: fc.constant<Step>({ kind: "command", text: "LOGOUT" }), weight: 1 },
        { arbitrary: login, weight: 1 },
        { arbitrary: authenticate, weight: 1 },
        { arbitrary: raw, weight: 5 },
        { arbitrary: many, weight: 1 },
      ),
      { maxLength: 12 },
    ),
  )
  .map(([first, rest]) => [...first, ...rest]);

const sizes = fc.oneof(
  fc.constant<number[]>([]),
  fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2_000 })), {
    minLength: 1,
    maxLength: 6,
  }),
);

export const attack: fc.Arbitrary<Attack> = fc.record({
  transport: fc.oneof(
    { arbitrary: fc.constantFrom("tls" as const, "plain" as const, "starttls" as const), weight: 8 },
    { arbitrary: fc.constantFrom("tls-to-plain" as const, "plain-to-tls" as const), weight: 1 },
  ),
  steps: fc.oneof(orderly, wild),
  injected: fc.oneof(fc.constant<Step[]>([]), orderly, wild),
  packets: sizes,
  leave: fc.oneof(
    { arbitrary: fc.constant("logout" as const), weight: 3 },
    { arbitrary: fc.constantFrom("half-close" as const, "close" as const, "reset" as const), weight: 2 },
  ),
});

/** Excludes commands that consume the bytes after them, as STARTTLS does within a packet. */
export function isOrderly(steps: readonly Step[]): boolean {
  return steps.every(
    (step) => step.kind !== "raw" && step.kind !== "many" && !("text" in step && step.text === "STARTTLS"),
  );
}

/** `prefix` makes the tags unique within the connection. */
export function speak(steps: readonly Step[], prefix: string): Spoken {
  const tags: string[] = [];
  const pieces = steps.map((step, index) => {
    const tag = `${prefix}${index}`;
    if (step.kind !== "raw" && step.kind !== "many") tags.push(tag);
    return bytesOf(step, tag);
  });
  return { bytes: Buffer.concat(pieces), tags };
}

function bytesOf(step: Step, tag: string): Buffer {
  switch (step.kind) {
    case "command":
      return Buffer.from(`${tag} ${step.text}\r\n`);
    case "login":
      sentPasswords.add(step.password);
      return Buffer.from(`${tag} LOGIN ${VICTIM.username} ${written(step.password, step.form)}\r\n`);
    case "authenticate": {
      for (const part of Buffer.from(step.response, "base64").toString().split("\0")) {
        if (part.startsWith("Kn0ck-")) sentPasswords.add(part);
      }
      return Buffer.from(`${tag} AUTHENTICATE PLAIN${step.initial ? " " : "\r\n"}${step.response}\r\n`);
    }
    case "raw":
      return Buffer.from(step.hex, "hex");
    case "many":
      return Buffer.from(step.text.repeat(step.times));
  }
}

function written(secret: string, form: "atom" | "quoted" | "literal" | "literal+"): string {
  if (form === "atom") return secret;
  return form === "quoted" ? `"${secret}"` : `{${secret.length}${form === "literal" ? "" : "+"}}\r\n${secret}`;
}

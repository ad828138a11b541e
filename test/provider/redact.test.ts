import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NylasError } from "../../provider/src/errors.js";
import {
  cleaned,
  cleanedSentence,
  keepSecret,
  MAX_READ_LENGTH,
  redact,
  redactSentence,
} from "../../provider/src/redact.js";

const SECRET = "p\"ss wörd/&?'\\é😀";
const utf16 = (text: string) =>
  text.replaceAll(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
const percent = (text: string) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join("");
const base64 = (text: string) => Buffer.from(text).toString("base64");

const FORMS: Record<string, (secret: string) => string> = {
  plain: (secret) => secret,
  "percent-encoded": encodeURIComponent,
  "percent-encoded in lower case": (secret) => encodeURIComponent(secret).toLowerCase(),
  "percent-encoded throughout": percent,
  "percent-encoded twice": (secret) => encodeURIComponent(encodeURIComponent(secret)),
  "an address": encodeURI,
  "form data": (secret) => new URLSearchParams([["", secret]]).toString().slice(1),
  JSON: (secret) => JSON.stringify(secret).slice(1, -1),
  "JSON in JSON": (secret) => JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
  "JSON in ASCII": (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replaceAll(/[^ -~]/g, utf16),
  "JSON of escapes": utf16,
  "JSON of escapes in capitals": (secret) => utf16(secret).replaceAll(/[0-9a-f]{4}/g, (hex) => hex.toUpperCase()),
  "JSON with escaped slashes": (secret) => JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/"),
  "UTF-8 read as Latin-1": (secret) => Buffer.from(secret).toString("latin1"),
  "decomposed characters": (secret) => secret.normalize("NFD"),
  base64,
  "base64 without padding": (secret) => base64(secret).replace(/=+$/, ""),
  base64url: (secret) => Buffer.from(secret).toString("base64url"),
  "base64 in an address": (secret) => encodeURIComponent(base64(secret)),
  "SASL PLAIN": (secret) => base64(`\0ops@example.com\0${secret}`),
  "SASL PLAIN with an authorization identity": (secret) => base64(`admin\0ops@example.com\0${secret}`),
  "basic authentication": (secret) => base64(`ops@example.com:${secret}`),
  "base64 of JSON": (secret) => base64(JSON.stringify({ user: "ops", imap_password: secret, port: 993 })),
  "base64 after a path": (secret) => `auth/${base64(`user\0${secret}`)}`,
};

describe("redact", () => {
  it.each(Object.entries(FORMS))("masks a secret as %s", (_name, form) => {
    const masked = redact(`before ${form(SECRET)} after`, [SECRET]);
    expect(masked).toMatch(/^before \S*\[secret\] after$/);
  });

  it.each(["pw", "a", "é!", "x y"])("masks the short secret %j as a word of its own, in every form", (secret) => {
    for (const [name, form] of Object.entries(FORMS)) {
      // Short secrets are not searched for inside longer encoded text.
      if (name === "base64 of JSON" || name === "base64 after a path") continue;
      expect(redact(`(${form(secret)})`, [secret]), name).toBe("([secret])");
    }
  });

  it("does not garble a text because a password is short", () => {
    const text = "Nylas answered that a mailbox was refused: pwned, up to 3 times";
    expect(redact(text, ["e", "wa", "box", "p"])).toBe(text);
    expect(redact('login "a" with password=b, and c.', ["a", "b", "c"])).toBe(
      'login "[secret]" with password=[secret], and [secret].',
    );
  });

  it("leaves no rest of secrets that overlap, repeat or contain each other", () => {
    expect(redact("abcd1234efgh", ["abcd1234", "1234efgh"])).toBe("[secret]");
    expect(redact("<aaaaaaa>", ["aaaa"])).toBe("<[secret]>");
    expect(redact("<password-long>", ["password", "password-long"])).toBe("<[secret]>");
  });

  it("leaves a mask alone", () => {
    expect(redact(redact("a secret", ["secret"]), ["secret"])).toBe("a [secret]");
  });

  it("leaves no secret of any shape", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, unit: "binary" }), fc.string(), fc.string(), (secret, before, after) => {
        fc.pre(!"[secret]".includes(secret));
        expect(redact(`${before}${secret}${after}`, [secret])).not.toContain(secret);
      }),
    );
  });

  it("leaves a text without secrets alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(redact(text, ["", "x9§%k"])).toBe(text);
      }),
    );
    expect(redact("nothing here", ["", "x9"])).toBe("nothing here");
  });

  it("masks what was kept, without being told again", () => {
    keepSecret("", "kept-for-the-run");
    expect(redact("it is kept-for-the-run.", [])).toBe("it is [secret].");
  });
});

describe("cleaned", () => {
  it("is one line without characters that a terminal acts on or that nobody sees", () => {
    expect(cleaned("a\r\n b\tc\u2028d\u0085e", 100)).toBe("a b c d e");
    expect(cleaned("\u001b[31mred\u001b[0m \u001b]0;title\u0007x\u0000\u009b1m", 100)).toBe("red x");
    expect(cleaned("\u202eevil\u202c \u2066x\u2069 a\u00adb\u200bc\ufeff\u{e0041}\ud800", 100)).toBe("evil x abc");
  });

  it("masks a secret that such characters take apart, and one that contains them", () => {
    for (const inserted of ["\u200b", "\u0000", "\u001b[0m", "\u00ad"]) {
      expect(cleaned([..."nyk_secret-key"].join(inserted), 100, ["nyk_secret-key"])).toBe("[secret]");
    }
    for (const secret of ["tab\tand zero\u200dwidth", "two  blanks", " blanks around "]) {
      expect(cleaned(`<${secret}>`, 100, [secret])).toBe("<[secret]>");
      expect(cleaned(`<${cleaned(secret, 100)}>`, 100, [secret])).toBe("<[secret]>");
    }
  });

  it("is cut at its bound, never within a secret or a character", () => {
    const secret = "correct-horse-battery";
    for (let before = 0; before < 40; before += 1) {
      const text = cleaned(`${"x".repeat(before)}${secret}${"😀".repeat(20)}`, 30, [secret]);
      expect(text.length).toBeLessThanOrEqual(30);
      expect(text).not.toMatch(/corr|batt|\p{Cs}/u);
    }
  });

  it("leaves nothing of a secret at the end of a text that is too long to be read whole", () => {
    const secret = "correct-horse-battery";
    for (let before = MAX_READ_LENGTH - 30; before < MAX_READ_LENGTH + 1; before += 1) {
      expect(["", "[secret]"]).toContain(cleaned(`${"\u0000".repeat(before)}${secret}`, 300, [secret]));
    }
  });

  it("takes its time from no text", () => {
    const secrets = Array.from({ length: 20 }, (_, index) => `secret/${index}\\${"a".repeat(20)}`);
    for (const unit of ["\\", "a", "%25", "A/", "\\u0061", "[secret]"]) {
      const startedAt = performance.now();
      cleaned(unit.repeat(2_000_000), 300, secrets);
      expect(performance.now() - startedAt, unit).toBeLessThan(5_000);
    }
  });
});

describe("a sentence of this package", () => {
  const OURS = ["wrong", "mailbox", "the password", "too many wrong passwords", "401", "Authenticating", "pass"];

  it.each(OURS)("keeps its words although the password is %j, and masks it in what a server says", (secret) => {
    keepSecret(secret);
    const error = new NylasError({
      code: "invalid_credentials",
      operation: "Authenticating mailbox ops@example.com",
      answer: `Nylas answered "${cleaned(`no: ${secret}!`, 100)}"; too many wrong passwords, the password was refused`,
      remedy: "wait until the mail server unlocks the mailbox; a wrong password is not tried again",
      status: 401,
      type: "grant.mailbox_wrong",
    });
    const [first, answer, next] = error.message.split("\n");
    expect(first).toBe(
      'Authenticating mailbox ops@example.com: Nylas answered "no: [secret]!"; too many wrong passwords, the password was refused (invalid_credentials)',
    );
    expect(answer).toBe("  answer:     HTTP 401 grant.mailbox_wrong");
    expect(next).toBe(
      "  next:       wait until the mail server unlocks the mailbox; a wrong password is not tried again",
    );
  });

  it.each(["hunter2", "pass-word!", "wrong1", "k9"])("masks %j wherever it stands", (secret) => {
    keepSecret(secret);
    expect(cleanedSentence(`grant g of ${secret} was deleted`, 100)).toBe("grant g of [secret] was deleted");
    expect(redactSentence(`grant ${secret}`, [])).toBe("grant [secret]");
  });
});

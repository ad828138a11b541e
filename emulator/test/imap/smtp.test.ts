import * as fc from "fast-check";
import { createTransport, type Transporter } from "nodemailer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rubbish } from "./grammar.js";
import { HEALTHY, Target, VICTIM } from "./target-process.js";
import { Wire } from "./wire.js";

const RUNS = { seed: 20_261_123, numRuns: 100 };
const SIZE_BYTES = 10_485_760;
const MAX_RECIPIENTS = 100;
const WRONG = "Kn0ck-wrong-p4Ty";

let target: Target;
let transport: Transporter;

function connect(): Wire {
  return Wire.tls(target.ready.smtp.port, target.ready.ca);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

const AUTH = `AUTH PLAIN ${base64(`\0${VICTIM.username}\0${VICTIM.password}`)}\r\n`;

beforeAll(async () => {
  target = await Target.start();
  const { smtp, ca } = target.ready;
  const auth = { user: HEALTHY.username, pass: HEALTHY.password };
  transport = createTransport({ ...smtp, secure: true, auth, tls: { ca } });
});

afterAll(async () => {
  transport.close();
  await target.stop();
});

describe("the embedded SMTP server under fire", () => {
  it("goes on, delivers nothing without a log-in, and prints nothing", async () => {
    const steps = fc.array(
      fc.oneof(
        fc
          .constantFrom(
            "EHLO x\r\n",
            "STARTTLS\r\n",
            `AUTH PLAIN ${base64(`\0${VICTIM.username}\0${WRONG}`)}\r\n`,
            `AUTH PLAIN\r\n${base64(`\0${VICTIM.username}\0${WRONG}`)}\r\n`,
            `AUTH LOGIN\r\n${base64(VICTIM.username)}\r\n${base64(WRONG)}\r\n`,
            "AUTH PLAIN\r\n*\r\n",
            "AUTH PLAIN !!\r\n",
            "MAIL FROM:<a@example.test>\r\n",
            `RCPT TO:<${HEALTHY.username}>\r\n`,
            "DATA\r\nSubject: smuggled\r\n\r\ntext\r\n.\r\n",
            "BDAT 4 LAST\r\ntext",
            "x".repeat(20_000),
          )
          .map((text) => Buffer.from(text)),
        rubbish,
      ),
      { maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (pieces, resets) => {
        const wire = connect();
        await wire.has(/^220 /);
        for (const piece of pieces) await wire.send(piece);
        if (resets) wire.reset();
        else wire.halfClose();
        await wire.ended();
        expect(target.ended, target.printed).toBe(false);
      }),
      RUNS,
    );
    expect((await target.read(HEALTHY)).messages).toEqual([]);
    await transport.sendMail({ from: HEALTHY.username, to: HEALTHY.username, subject: "after", text: "text" });
    expect((await target.read(HEALTHY)).messages.map(({ subject }) => subject)).toEqual(["after"]);
    transport.close();
    await target.usageAtRest();
    expect(target.printed).toBe("");
    expect(JSON.stringify(await target.call("/_emulator/requests"))).not.toMatch(/Kn0ck|S24wY2|tuMGNr|LbjBja/);
  });

  it("refuses a message that is too large, and keeps nothing of it", async () => {
    const before = await target.usageAtRest();
    for (let times = 0; times < 5; times++) {
      const wire = connect();
      await wire.has(/^220 /);
      await wire.send(`EHLO x\r\n${AUTH}`);
      await wire.has(/^235 /m);
      // Without SIZE, with which the server would refuse it at once.
      await wire.send(`MAIL FROM:<${VICTIM.username}>\r\nRCPT TO:<${VICTIM.username}>\r\nDATA\r\n`);
      await wire.has(/^354 /m);
      await wire.send(Buffer.alloc(SIZE_BYTES + 1, "x"));
      await wire.send("\r\n.\r\n");
      await wire.has(/^552 /m);
      wire.close();
    }
    expect((await target.read(VICTIM)).messages).toEqual([]);
    const after = await target.usageAtRest();
    expect(after.externalBytes - before.externalBytes).toBeLessThan(SIZE_BYTES);
  });

  it("takes a hundred recipients and no more", async () => {
    const wire = connect();
    await wire.has(/^220 /);
    await wire.send(`EHLO x\r\n${AUTH}MAIL FROM:<${VICTIM.username}>\r\n`);
    for (let number = 0; number <= MAX_RECIPIENTS; number++) await wire.send(`RCPT TO:<r${number}@example.test>\r\n`);
    await wire.send("QUIT\r\n");
    await wire.ended();
    const afterLogin = wire.received.split(/^235 .*\r\n/m)[1] ?? "";
    expect(afterLogin.match(/^250 /gm), "the sender and the recipients").toHaveLength(1 + MAX_RECIPIENTS);
    expect(wire.received.match(/^452 /gm)).toHaveLength(1);
  });
});

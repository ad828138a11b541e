import { SMTPServer } from "smtp-server";
import { close, listen, portOf } from "./ports.js";

export interface Relay {
  port: number;
  close(): Promise<void>;
}

/** The next hop of a submission server: asks for no login, and delivers at once. */
export async function startRelay(deliver: (recipient: string, message: Buffer) => Promise<void>): Promise<Relay> {
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const message = Buffer.concat(chunks);
        const recipients = session.envelope.rcptTo.map(({ address }) => address);
        Promise.all(recipients.map((recipient) => deliver(recipient, message))).then(() => done(), done);
      });
    },
  });
  smtp.on("error", () => undefined);
  await listen(smtp.server, "127.0.0.1", 0);
  return {
    port: portOf(smtp.server),
    close: () => close(smtp.server),
  };
}

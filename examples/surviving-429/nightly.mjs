// The job that runs every night: node nightly.mjs
import { sendDigest } from "./digest.mjs";

const { NYLAS_API_KEY, NYLAS_API_URI = "https://api.us.nylas.com", DIGEST_FROM, DIGEST_TO } = process.env;
if (!NYLAS_API_KEY || !DIGEST_FROM || !DIGEST_TO) {
  throw new Error("Set NYLAS_API_KEY, DIGEST_FROM (a connected mailbox) and DIGEST_TO (who reads the digest).");
}

const { mailboxes, unread, missing } = await sendDigest({
  apiKey: NYLAS_API_KEY,
  apiUri: NYLAS_API_URI,
  from: DIGEST_FROM,
  to: DIGEST_TO,
});
console.log(`${unread} unread messages in ${mailboxes} mailboxes`);
for (const { email, problem } of missing) console.error(`${email} is missing: ${problem}`);
if (missing.length > 0) process.exitCode = 1;

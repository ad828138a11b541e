/**
 * The mailboxes that the programs declare. The bench passes them in the environment: `BENCH_SIZE` of them, with the
 * passwords of `BENCH_PASSWORDS`, at the servers of `BENCH_SERVERS`.
 */
const { BENCH_SIZE = "1", BENCH_PASSWORDS = "first", BENCH_SERVERS = "{}" } = process.env;

/** @type {{ imapHost: string, imapPort: number, smtpHost: string, smtpPort: number }} */
const servers = JSON.parse(BENCH_SERVERS);

/** @param {number} index */
const username = (index) => `mailbox-${String(index).padStart(4, "0")}@example.test`;

/** @param {number} index @param {string} passwords */
const password = (index, passwords) => `${passwords}-password-of-${index}`;

/** @param {number} size @param {string} passwords */
const users = (size, passwords) =>
  Array.from({ length: size }, (_, index) => ({ username: username(index), password: password(index, passwords) }));

const mailboxes = users(Number(BENCH_SIZE), BENCH_PASSWORDS).map(({ username, password }, index) => ({
  name: `mailbox-${index}`,
  args: { imapUsername: username, imapPassword: password, ...servers },
}));

module.exports = { mailboxes, users };

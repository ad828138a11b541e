/**
 * The mailboxes that the programs declare. The bench passes them in the environment: `BENCH_SIZE` of them from number
 * `BENCH_FIRST`, with the passwords of `BENCH_PASSWORDS`, at the servers of `BENCH_SERVERS`.
 */
const { BENCH_SIZE = "1", BENCH_FIRST = "0", BENCH_PASSWORDS = "first", BENCH_SERVERS = "{}" } = process.env;

/** @type {{ imapHost: string, imapPort: number, smtpHost: string, smtpPort: number }} */
const servers = JSON.parse(BENCH_SERVERS);

/** @param {number} index */
const username = (index) => `mailbox-${String(index).padStart(4, "0")}@example.test`;

/** @param {number} index @param {string} passwords */
const password = (index, passwords) => `${passwords}-password-of-${index}`;

/** @param {number} size @param {string} passwords @param {number} [first] */
const users = (size, passwords, first = 0) =>
  Array.from({ length: size }, (_, index) => ({
    username: username(first + index),
    password: password(first + index, passwords),
  }));

const mailboxes = users(Number(BENCH_SIZE), BENCH_PASSWORDS, Number(BENCH_FIRST)).map(
  ({ username, password }, index) => ({
    name: `mailbox-${index}`,
    args: { imapUsername: username, imapPassword: password, ...servers },
  }),
);

module.exports = { mailboxes, users };

/**
 * The mailboxes that the programs declare. The bench passes their number, the number of the first one, and the name of their passwords
 * in the environment.
 */
const { BENCH_SIZE = "1", BENCH_FIRST = "0", BENCH_PASSWORDS = "first" } = process.env;

const mailboxes = Array.from({ length: Number(BENCH_SIZE) }, (_, place) => {
  const index = Number(BENCH_FIRST) + place;
  return {
    name: `mailbox-${index}`,
    args: {
      imapUsername: `mailbox-${String(index).padStart(4, "0")}@example.test`,
      imapPassword: `${BENCH_PASSWORDS}-password-of-${index}`,
      imapHost: "imap.example.test",
      imapPort: 993,
      smtpHost: "smtp.example.test",
      smtpPort: 465,
    },
  };
});

module.exports = { mailboxes };

import type { MailServer } from "./server.js";
import { courier } from "./servers/courier.js";
import { cyrus } from "./servers/cyrus.js";
import { dovecot } from "./servers/dovecot.js";
import { exim } from "./servers/exim.js";
import { greenmail } from "./servers/greenmail.js";
import { haraka } from "./servers/haraka.js";
import { james } from "./servers/james.js";
import { maddy } from "./servers/maddy.js";
import { mox } from "./servers/mox.js";
import { opensmtpd } from "./servers/opensmtpd.js";
import { postfix } from "./servers/postfix.js";
import { pymap } from "./servers/pymap.js";

/** In the order of the table. */
export const SERVERS: readonly MailServer[] = [
  cyrus,
  courier,
  dovecot,
  maddy,
  mox,
  greenmail,
  james,
  exim,
  postfix,
  haraka,
  opensmtpd,
  pymap,
];

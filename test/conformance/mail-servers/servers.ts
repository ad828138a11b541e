import type { MailServer } from "./server.js";
import { courier } from "./servers/courier.js";
import { cyrus } from "./servers/cyrus.js";
import { dovecot } from "./servers/dovecot.js";
import { exim } from "./servers/exim.js";
import { greenmail } from "./servers/greenmail.js";
import { opensmtpd } from "./servers/opensmtpd.js";
import { postfix } from "./servers/postfix.js";

/** In the order of the table. */
export const SERVERS: readonly MailServer[] = [cyrus, courier, dovecot, greenmail, exim, postfix, opensmtpd];
